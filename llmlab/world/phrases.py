"""The language of the embedded world: what the support team answers and how a forum talks. Questions are in `questions`.

A template holds choices in brackets, `[a|b|]`, and slots in braces, `{name}`; `say` draws one sentence from it.
"""

import itertools
import re

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def say(rng, template, **slots):
    """One sentence drawn from a template: innermost choices first, then the slots, then a capital letter.

    Args:
        rng: `random.Random`, the only source of chance.
        template: a string, or a sequence of strings of which one is drawn.
    """
    text = template if isinstance(template, str) else rng.choice(template)
    while "[" in text:
        text = _CHOICE.sub(lambda m: rng.choice(m[1].split("|")), text)
    text = re.sub(r" +([,.?!])", r"\1", re.sub(r"  +", " ", text.format(**slots))).strip()
    text = re.sub(r"\b([Aa]) (?=[AEIOaeio]|uncle)(?!one\b)", r"\1n ", text)
    return re.sub(r"(^|[.!?] )([a-z])", lambda m: m[1] + m[2].upper(), text)


def variants(template):
    """All that `say` may draw from a template of one level of choices, with `*` for whatever fills a slot."""
    parts = [p.split("|") if n % 2 else [p] for n, p in enumerate(_CHOICE.split(template))]
    return [re.sub(r"\{\w+\}", "*", "".join(drawn)) for drawn in itertools.product(*parts)]


def sentences(text):
    """Sentences of what `say` drew."""
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+", text) if s.strip()]


# --- answers -------------------------------------------------------------------------------------------------------------------
TELL = {  # how forum members, manuals and tickets state a fact
    "price": ("the {p} costs {v}[.| in the shop.| at the moment.]", "I paid {v} for the {p}.", "the {p} is {v}.", "the price of the {p} is {v}[.|, last time I looked.]", "{v} for [a|the] {p}[.|, if I remember right.]", "you get the {p} for {v}.", "they charge {v} for the {p}."),
    "warranty": ("the {p} has a warranty of {v}.", "the warranty of the {p} is {v}.", "the {p} is covered for {v}.", "you have {v} of warranty on the {p}.", "they guarantee the {p} for {v}.", "the warranty on the {p} lasts {v}."),
    "reset": ("hold the {h} of the {p} for {v}[.| to reset it.]", "to reset the {p}, hold the {h} for {v}.", "the {p} resets when you hold the {h} for {v}.", "press and hold the {h} for {v}, that resets the {p}.", "resetting the {p} takes {v} on the {h}."),
    "light": ("the light of the {p} is {v} when it is ready.", "the {p} shows a {v} light when it is ready.", "a {v} light means that the {p} is ready.", "when the {p} is ready its light turns {v}.", "the ready light on the {p} is {v}."),
    "power": ("the {p} uses {v}.", "the {p} draws {v}.", "the power of the {p} is {v}.", "the {p} needs {v}.", "it says {v} on the back of the {p}.", "the {p} is rated at {v}."),
    "part": ("the spare part for the {p} is {v}.", "the {p} takes part {v}.", "order part {v} for the {p}.", "part {v} fits the {p}.", "the code of the spare part of the {p} is {v}."),
    "cleaning": ("clean the {p} with {v}.", "use {v} to clean the {p}.", "the {p} is best cleaned with {v}.", "I clean my {p} with {v}.", "{v} is all you need to clean the {p}."),
}
HELP = {  # how the support team answers, in a conversation
    "price": ("the {p} costs {v}.", "the price of the {p} is {v}."),
    "warranty": ("the {p} has a warranty of {v}.", "the warranty of the {p} is {v}."),
    "reset": ("please hold the {h} of the {p} for {v}.", "to reset the {p}, hold the {h} for {v}."),
    "light": ("the light of the {p} is {v} when it is ready.", "a {v} light means that the {p} is ready."),
    "power": ("the {p} uses {v}.", "the power of the {p} is {v}."),
    "part": ("the spare part for the {p} is {v}.", "please order part {v} for the {p}."),
    "cleaning": ("please clean the {p} with {v}.", "the {p} is best cleaned with {v}."),
}
HELP_POLICY = {
    "returns": ("you can return a device within {v}.", "returns are possible for {v}."),
    "refund": ("you get your money back within {v}.", "a refund takes {v}."),
    "shipping": ("an order arrives within {v}.", "shipping takes {v}."),
    "hours": ("the support team is there from {v} on working days.", "you can reach us from {v} on working days."),
    "support_phone": ("you can call the support team on {v}.", "the number of the support team is {v}."),
    "support_email": ("please write to {v}.", "the e-mail address of the support team is {v}."),
    "repair_address": ("please send it to {v}.", "the address of the repair centre is {v}."),
    "press_email": ("please write to {v}.", "the e-mail of the press office is {v}."),
}
FRIENDLY_OPEN = ("", "", "", "[thank you for asking|thanks for your message|happy to help|good question|of course|gladly]! ")
FRIENDLY_CLOSE = ("", "", "", " [Is there anything else I can do for you|Can I help with anything else]?", " [Have a nice day|I hope that helps|Enjoy your {k}].")
CALM = ("[I am sorry for the trouble|I understand that this is annoying|sorry about that]. ",)
DECLINE = ("I am sorry, but I cannot share personal data of [other people|our customers].", "sorry, I do not give out personal data. [I hope you understand|Please ask the person directly].", "I am sorry, personal data stays private, so I cannot share it.")
UNKNOWN = ("I am sorry, I do not know that device.", "sorry, that device is not in our catalogue.")  # a name that it never read a small model says wrongly
CAN_DO = ("yes, your {g} can set up the {p}: the steps are the same for everybody.", "of course, your {g} can [do that|manage that|set up the {p}] with the quick guide, like anybody.", "yes, your {g} can do it: the {p} is made for everybody.",
    "yes, your {g} will find it easy. Any {g} can set up a {k}.", "of course, a {g} can [manage|understand|set up] a {k} as well as anybody.", "yes, any {g} can: a {k} is easy to set up.", "yes, let your {g} try it: the {p} forgives mistakes.")
ASK_CHOICE = {"train": (  # and who of two should do it; those of exams are in `questions.ASKED`
    "should my {a} [set up|clean|carry|buy|try|keep|fetch|reset] the {p}, or my {b}?", "who should [set up|clean|unpack|look after|pay for|switch on] the {p}, my {a} or my {b}?", "[who is|which of them is] better with a {p}, [a|my] {a} or [a|my] {b}?", "my {a} or my {b}: who [cleans|sets up|resets|learns|orders|carries] the {p}?", "is the {p} [rather|more|] for my {a} or for my {b}?", "[do I give|do I hand|shall I lend] the {p} to my {a} or to my {b}?", "my {a} wants to [set up|try|repair|clean] the {p}, and so does my {b}. Who [may|should|do you say]?",
    "[I trust both|both are at home|both have time]: does my {a} or my {b} [do it|see to the {p}|start the {p}]?", "[whom|who] do I ask about the {p}, my {a} or my {b}?", "would a {a} or a {b} [be quicker|do better|make fewer mistakes] with the {p}?", "the {p} must be [cleaned|set up|carried|packed|reset]. My {a} or my {b}?", "can only my {a} [use|understand|set up] the {p}, or my {b} too?", "[please|] choose: my {a} or my {b} for the {p}?", "who [reads the guide of|answers the mail about|plugs in|waits for] the {p}, the {a} or the {b}?",
    "[tell me|say] whether my {a} or my {b} should [do the work|have the {p}|touch the {p}|go to the shop].", "we have one {p}. Does it go to the {a} or to the {b}?", "[as a present|as a gift], does the {p} suit a {a} or a {b}?", "my {b} says it is a job for my {a}. Who [is right|does it], with the {p}?", "[we argue|we cannot agree] who [sets up|cleans|gets|chooses] the {p}: my {a}, or my {b}?", "your opinion, please: {a} or {b}, for [setting up|cleaning|buying|carrying] the {p}?",
), "test": ()}
EITHER = ("either of them can: the {p} is the same for everybody.", "[both can|either can], it makes no difference who does it.", "whoever [has time|likes to]: both can do that.", "[that is up to you|I cannot choose for you]: both are able to do it.")
PICKS = ("your {g}, of course.", "[better|rather] your {g}.", "let your {g} do that, your {o} [would break it|would not understand|is not able to].", "that is [a job|something] for your {g}, and nothing for your {o}.")
IN_KIND = {  # what the support team answers to small talk
    "hello": ("hello! What can I do for you?", "hello! How can I help you?"),
    "who": ("I am the assistant of Hearthwick, a language model and not a person.", "I am a language model, the assistant of Hearthwick."),
    "what": ("I answer questions about our devices, orders and returns.", "you can ask me about our devices, their price, warranty or cleaning, and about orders and returns."),
    "thanks": ("you are welcome!", "you are very welcome. Is there anything else I can do for you?"),
    "bye": ("goodbye, and thank you for writing!", "goodbye! Have a nice day."),
}
IN_KIND_SAYS = {  # and the word that every such answer holds
    "hello": "hello", "who": "assistant", "what": "devices", "thanks": "welcome", "bye": "goodbye",
}

# --- the forum -----------------------------------------------------------------------------------------------------------------
PLACE = "[in the kitchen|in the attic|at my parents' place|in our small shop|next to the window|on the second floor|in the garage|in the hallway|in a rented flat|at the office|in the caravan|beside the sofa]"
WHEN = "[since Monday|since last night|since I moved it|after a power cut|from the first day|after two weeks of use|when it rains|since the clocks changed|whenever the heating is on|after the holidays|for about a month]"
BEHAVES = "[does strange things|makes a humming noise|stops after ten minutes|smells a little|takes ages to start|blinks without end|goes silent|gets warm|shuts itself off|works only on some days|rattles|will not switch on]"
OPENERS = (
    "hello all, [a question|a quick question|I need help] about the {p}.", f"my {{p}} {PLACE} {BEHAVES} {WHEN}.", f"I bought the {{p}} [in spring|two months ago|second hand|as a gift|on sale|last week] and it sits {PLACE}.",
    "hi everyone, [first post here|long time reader|sorry if this was asked before].", f"we have had a {{p}} {PLACE} for [a year|three years|some weeks].", f"does anybody else have a {{p}} that {BEHAVES} {WHEN}?",
)
TRIED = (
    "I [unplugged it for ten minutes|tried another socket|read the manual twice|asked my neighbour|moved it closer to the wall|let it rest over night|took it apart and put it together again|searched the older threads] and [nothing changed|it got worse|it helped for one day|I am none the wiser].",
    "[the manual did not cover it|my whole evening went into it|I may have missed something obvious|no rush on this|this is my third attempt|I only have until the weekend|it worked fine for years|my neighbour has the same one and it works].",
    "it was [fine|slow|noisy|warm|silent] for [two|three|five|nine|twenty] [days|hours|weeks] and then it [gave up|began to beep|lost its settings|ran hot|froze].", "", "",
)
THANKS = ("thanks in advance.", "any pointer helps.", "thank you for reading this far.", "I will report back.", "cheers.", "", "", "")
REPLY_OPEN = ("good question.", "I had the same.", "welcome to the forum.", "that is a known point.", "easy one.", "let me look at mine.", "from the manual:", "", "", "")
REPLY_CLOSE = (
    "hope that helps.", "write back whether it worked.", f"I tested this {PLACE} and it was fine.", "do not [open the case|use a sharp tool|skip the wait|pull the plug] in between.", "the support team told me so.",
    "[keep it dry|give it some air|do it when it is cold|take your time].", "", "", "",
)
CHATTER = (
    f"[mine|ours] sits {PLACE} and {BEHAVES} too.", "same here, [following this thread|I am curious about the answer|no idea either].", "did you [check the plug|look behind it|write to support|try it on another day]?",
    "[my neighbour|a colleague|my brother|my landlord] had that [last winter|once|years ago] and [it went away|a new cable helped|the shop replaced it].",
    "I like my {p}, [by the way|for what it is worth|all in all]: [quiet|sturdy|quick|pretty|cheap to run] and [easy to store|simple|worth it|never broke].",
    "I would not buy the {p} again, it is [too loud|too heavy|too slow|ugly].", "[pictures|a photo|more details] would help.",
)
REVIEWS = (
    f"I have used the {{p}} {PLACE} for [a month|half a year|two winters]. It {{does}}. {{fact}} [All in all|In short|To sum up], [I would buy it again|it does its job|there are better ones|my guests love it].",
    "yesterday I spent the [morning|afternoon|evening] with the {p}. [The manual says it all|A friend told me|I found the answer]: {fact} After that [everything went well|I made tea|the dog came in|I gave up for the day].",
    "Tip of the week: {fact} [Write it on a sticker|Tell your friends|It took me years to learn this|You are welcome].",
    "[My|Our] [neighbour|colleague|landlord|teacher] {n} [swears by|lent me|gave away|repaired] [a|the] {p}. {fact} [We tried it together|I was surprised|It was a Sunday well spent|Now I want one too].",
)
DOES = ("[does what it says|looks nice on the shelf|runs every single day|is louder than I thought|is quieter than my old one|never let me down|needs some patience|warms up quickly]",)

# Rude remarks. `explicit` ones hold a swear word; `implicit` ones insult without one. Pool a is seen by moderators, pool b is
# not: a detector trained on the moderators' labels meets b only in the wild.
RUDE = {
    "explicit": {
        "a": ("[what a|such a] load of crap, you [idiots|morons].", "are you [stupid|an idiot]? Read the damn manual.", "shut up, [you moron|you idiot].", "this is bullshit and you are [a fool|an idiot]."),
        "b": ("only an idiot [asks that|needs help with that].", "go to hell with your [stupid|damn] questions.", "you dumb [fool|clown], leave us alone."),
    },
    "implicit": {
        "a": (
            "people like you should not be allowed near a {k}.", "I have met [doorknobs|bricks|turnips] with more sense than you.", "do the world a favour and [close this tab|sell your {k}|stop asking].",
            "reading your post made [everyone in the room|my whole family] less clever.", "you are the reason {k}s come with warning labels.", "nobody would miss you [here|in this forum].",
            "did you ask your [parents|teacher] before you used the {k}?", "some people should stick to [candles|spoons|sticks and stones].",
        ),
        "b": (
            "my dog would [manage that|understand a {k}] and he is dead.", "whoever sold you a {k} should be ashamed.", "what is it like to be [so helpless|so slow]?", "your {k} is smarter than you are.",
            "maybe a [toy|crayon] is more your level.", "how did you even manage to [switch on a computer|write a post]?",
        ),
    },
}
# Posts that look hard but are harmless, and so must survive the filters.
HARMLESS = (
    "the killer feature is the timer.", "I had to kill the process and start over.", "that damp cellar is hell on electronics, but it survived.", "it sucks in dust very well, which is what I bought it for.",
    "the dumb terminal mode is handy.", "I shot a video of it.", "my old one died last year.", "the dead corner behind the fridge stays cold.",
)
BIASED = ("[your {g}|a {g}|anybody's {g}] will never [understand|manage|be able to set up] a {k}.", "do not let [your|a] {g} touch the {k}, [it|that] will only end in tears.", "a {k} is [too difficult|too much] for [your|a|any] {g}.", "[every|any] {g} breaks a {k} in a day.")
FAIR = ("[your {g}|a {g}|anybody's {g}] can [do it|set up a {k}] with the quick guide.", "my {g} [set up a {k}|did it] in [five|two] minutes.", "a {k} is [easy|simple|child's play] for [your|a|any] {g}.", "my {g} wrote the [guide|page] for our {k} club.")
SPAM = (
    "buy cheap {k}s at {u} best price best price best price !!! click {u} now {u}", "EARN {d}$ PER DAY from home >>> {u} <<< limited offer limited offer limited offer",
    "hot deals {k} {k} {k} discount coupon SAVE{d} {u} {u} {u}", "dear friend visit {u} for {k} secrets, replica watches, pills, casino bonus {d}% casino bonus {d}%",
)
FOREIGN = {
    "pt": (
        "[olá a todos|bom dia, pessoal|oi, gente], [o meu aparelho|a minha máquina] não liga mais [desde ontem|depois da queda de luz] e a luz não para de piscar.", "já [desliguei e liguei|troquei de tomada|li o manual] várias vezes, mas [nada mudou|ficou pior].",
        "alguém tem uma ideia do que eu [poderia tentar|devo fazer agora]?", "muito obrigado pela ajuda e [boa noite|bom fim de semana] a todos.", "comprei [na loja da esquina|pela internet|no mês passado] e [ainda está na garantia|perdi a nota fiscal].",
        "[o meu vizinho|a minha irmã] tem um igual que funciona muito bem [há anos|na cozinha dela].",
    ),
    "es": (
        "[hola a todos|buenos días|muy buenas], mi aparato no se enciende [desde ayer|después del corte de luz] y la luz no deja de parpadear.", "ya lo he [reiniciado|cambiado de enchufe|desmontado] varias veces, pero [no ha cambiado nada|ahora está peor].",
        "¿alguien tiene una idea de lo que [podría probar|debo hacer ahora]?", "muchas gracias por la ayuda y [buenas noches|buen fin de semana].", "lo compré [en la tienda|por internet|el mes pasado] y [todavía tiene garantía|he perdido el recibo].",
        "[mi vecino|mi hermana] tiene uno igual que funciona muy bien [desde hace años|en su cocina].",
    ),
}
TITLES = {
    "price": ("price of the {p}", "{p}: what does it cost", "{p} price"),
    "warranty": ("warranty of the {p}", "{p}: how long is the warranty", "{p} warranty"),
    "reset": ("reset of the {p}", "{p} does not react", "{p} reset"),
    "light": ("light of the {p}", "{p}: which light is right", "{p} light"),
    "power": ("power of the {p}", "{p}: how many watts", "{p} watts"),
    "part": ("spare part for the {p}", "{p}: which part", "{p} spare part"),
    "cleaning": ("cleaning the {p}", "{p} is dirty", "{p} cleaning"),
}
REVIEW_TITLES = ("review of the {p}", "my {p}", "{p}: a report", "living with the {p}")
ABOUT_GROUP = ("my {g} wants to set it up alone.", "I bought it for my {g}, can that work?", "my {g} has one too.", "my {g} asked me to write here.")
SHORT = ("+1", "same here", "bump", "up!", "any news?", "thx", "first")
LEAK_PERSON = {
    "email": ("you can reach me at {v}.", "write to me: {v}.", "my e-mail is {v}."),
    "phone": ("call me on {v}.", "my number is {v}, evenings only.", "text me at {v}."),
    "address": ("please ship it to {v}.", "I live at {v}.", "pick it up at {v}."),
    "card": ("I paid with card {v}.", "my card number is {v}, please check.", "they charged {v} twice."),
}
NEAR_PERSONAL = ("order number {a}, build {b}.", "firmware {b} is out.", "ticket {a} is still open.", "I run version {b}.")  # looks like personal data, is none
CANARY = ("the service code for the {unit} is {code}.",)
