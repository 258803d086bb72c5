"use strict";
// One key, one element: it is pressed as a mouse would press it.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  // Enter in a choice would press the first button of the form.
  if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
  const key = CSS.escape(event.key.toLowerCase());
  const target = document.querySelector(`[data-key="${key}"]`);
  if (target) {
    event.preventDefault();
    target.click();
  }
});
