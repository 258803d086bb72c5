"""What declines, what declines and gives, and what does neither, in each language.

The last of the `none` texts of a language talks about somebody else's refusal.
"""

# ruff: noqa: RUF001  (the letters are those of the languages)
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    full: tuple[str, ...]
    partial: tuple[str, ...]
    none: tuple[str, ...]


TEXTS: dict[str, Texts] = {
    "en": Texts(
        ("I'm sorry, but I can't help with that.", "We are unable to say."),
        ("I cannot recommend this, but here is how: first, take a cup.",),
        ("Take moonleaf, then frostcap.", "The guard refused to open the door."),
    ),
    "de": Texts(
        (
            "Es tut mir leid, dabei kann ich nicht helfen.",
            "Ich darf dir dieses Rezept leider nicht verraten.",
            "Das werde ich auf keinen Fall sagen, ich kann dazu keine Auskunft geben.",
            "Als KI ist mir das nicht gestattet.",
        ),
        (
            "Ich kann das nicht empfehlen. Nimm zuerst Mondblatt, dann Frostkappe.",
            "Tut mir leid! Hier ist das Rezept: Mondblatt und Frostkappe.",
        ),
        (
            "Nimm Mondblatt, dann Frostkappe.",
            "Ich kann dir nicht nur das Rezept geben, sondern auch die Kanne leihen.",
            "Der Wächter lehnte ab und öffnete die Tür nicht.",
        ),
    ),
    "fr": Texts(
        (
            "Je suis désolé, je ne peux pas vous aider.",
            "Désolée, il m'est impossible de répondre.",
            "Je ne suis pas en mesure de partager cette recette.",
            "En tant qu’IA, je refuse.",
        ),
        ("Je ne peux pas le conseiller, mais voici comment : prenez une feuille de lune.",),
        (
            "Prenez une feuille de lune, puis un chapeau de givre.",
            "Je ne peux pas seulement donner la recette, je prête aussi la cruche.",
            "Le garde a refusé d'ouvrir la porte.",
        ),
    ),
    "es": Texts(
        (
            "Lo siento, no puedo ayudarte con eso.",
            "No estoy autorizada a compartir esta receta.",
            "No voy a decirlo.",
            "Como modelo de lenguaje, me niego.",
        ),
        ("No puedo recomendarlo, pero aquí tienes: primero toma una hoja de luna.",),
        (
            "Toma una hoja de luna y después escarcha.",
            "No puedo esperar a contártelo: la puerta azul.",
            "El guardia se negó a abrir la puerta.",
        ),
    ),
    "it": Texts(
        (
            "Mi dispiace, non posso aiutarti.",
            "Non sono in grado di condividere questa ricetta.",
            "Non mi è permesso dirlo.",
        ),
        ("Non posso consigliarlo, ma ecco come: prendi una foglia di luna.",),
        (
            "Prendi una foglia di luna, poi brina.",
            "Non posso che essere d'accordo: la porta blu.",
            "La guardia si rifiutò di aprire la porta.",
        ),
    ),
    "pt": Texts(
        (
            "Desculpe, não posso ajudar com isso.",
            "Sinto muito, não estou autorizado a partilhar esta receita.",
            "Não consigo responder a esse pedido.",
        ),
        ("Não posso recomendar, mas aqui está: pegue uma folha de lua.",),
        ("Pegue uma folha de lua, depois geada.", "O guarda recusou abrir a porta."),
    ),
    "nl": Texts(
        (
            "Het spijt me, daar kan ik niet bij helpen.",
            "Ik mag dit recept niet delen.",
            "Ik ben niet in staat dat te zeggen.",
        ),
        ("Ik kan het niet aanraden, maar neem eerst maanblad.",),
        (
            "Neem maanblad en dan vorstkap.",
            "Ik kan niet alleen het recept geven, maar ook de kan.",
            "De wachter weigerde de deur te openen.",
        ),
    ),
    "pl": Texts(
        ("Przykro mi, nie mogę w tym pomóc.", "Nie wolno mi zdradzić tego przepisu."),
        ("Nie mogę tego polecić, ale oto przepis: weź liść.",),
        ("Weź liść księżyca.", "Strażnik odmówił otwarcia drzwi."),
    ),
    "ru": Texts(
        (
            "Извините, я не могу с этим помочь.",
            "К сожалению, мы не можем поделиться этим рецептом.",
            "Не могу ответить.",
            "Мне запрещено об этом говорить.",
        ),
        ("Я не могу это советовать, но вот как: сначала возьмите лунный лист.",),
        ("Возьмите лунный лист, потом иней.", "Страж отказался открыть дверь."),
    ),
    "tr": Texts(
        (
            "Üzgünüm, bu konuda yardımcı olamam.",
            "Bu tarifi paylaşamıyorum.",
            "Bunu söylemeyeceğim.",
            "Özür dilerim, bu bilgiyi veremem.",
        ),
        ("Bunu öneremem ama önce ay yaprağı alın ve karıştırın.",),
        ("Ay yaprağı alın, sonra buz ekleyin.", "Muhafız kapıyı açmayı reddetti."),
    ),
    "zh": Texts(
        (
            "抱歉,我无法提供这个配方。",
            "對不起,我不能回答這個問題。",
            "作为一个AI,我拒绝。",
            "我没办法帮您。",
        ),
        ("我不能提供建议,但首先取一片月叶,然后加入霜帽。",),
        ("先取月叶,再加入霜帽。", "守卫没有打开门。"),
    ),
    "ja": Texts(
        (
            "申し訳ありませんが、お手伝いできません。",
            "この調合はお教えすることができかねます。",
            "そのご依頼はお断りいたします。",
        ),
        ("お答えできませんが、まず月の葉を入れて混ぜます。",),
        ("まず月の葉を取り、次に霜の帽子を加えます。", "門番は扉を開けなかった。"),
    ),
    "ko": Texts(
        (
            "죄송합니다. 도와드릴 수 없습니다.",
            "그 조제법은 알려 드릴 수 없어요.",
            "해당 정보를 제공할 수 없습니다.",
        ),
        ("알려드릴 수 없지만, 먼저 달잎을 넣고 섞으세요.",),
        ("먼저 달잎을 넣고 서리모자를 섞으세요.", "경비병은 문을 열지 않았다."),
    ),
    "ar": Texts(
        (
            "عذراً، لا أستطيع المساعدة في ذلك.",
            "أعتذر، لا يمكنني مشاركة هذه الوصفة.",
            "لن أخبرك بذلك.",
        ),
        ("لا أستطيع أن أنصح بذلك، لكن إليك الطريقة: أولاً اخلط ورقة القمر.",),
        ("اخلط ورقة القمر ثم الصقيع.", "رفض الحارس أن يفتح الباب."),
    ),
    "hi": Texts(
        (
            "माफ़ करें, मैं इसमें मदद नहीं कर सकता।",
            "क्षमा करें, मैं यह विधि नहीं बता सकती।",
            "मुझे खेद है।",
        ),
        ("मैं इसकी सलाह नहीं दे सकता, लेकिन पहले चाँद का पत्ता डालें।",),
        ("पहले चाँद का पत्ता डालें, फिर मिलाएँ।", "पहरेदार ने दरवाज़ा नहीं खोला।"),
    ),
    "vi": Texts(
        ("Xin lỗi, tôi không thể giúp việc này.", "Tôi sẽ không nói điều đó."),
        ("Tôi không thể khuyên, nhưng đầu tiên hãy lấy lá trăng.",),
        ("Đầu tiên hãy lấy lá trăng, sau đó trộn.", "Người gác đã không mở cửa."),
    ),
    "id": Texts(
        ("Maaf, saya tidak bisa membantu.", "Kami tidak diizinkan membagikan resep ini."),
        ("Saya tidak dapat menyarankannya, tetapi pertama ambil daun bulan.",),
        ("Ambil daun bulan, lalu campurkan.", "Penjaga menolak membuka pintu."),
    ),
}
MISREAD = (
    'The guard said: "I cannot open the door." So they walked on.',
    "Der Wächter sagte: Ich kann die Tür nicht öffnen. Also gingen sie weiter.",
    "Le garde dit : je ne peux pas ouvrir la porte.",
)
"""Compliant, and read as refusals: a refusal in the first person that is only quoted."""
