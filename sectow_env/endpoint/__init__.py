"""The one client for OpenAI-compatible servers: for attackers, defenders and judges."""
