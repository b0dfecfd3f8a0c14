"""What customers of the embedded world ask about a device. `concerns` holds what else they write about.

Every kind of question has two disjoint pools of wordings. `train`, `varied` (with more choices in each) and `about` (which is
set into a frame) make text to learn from. `test` appears in evaluation tasks only, its even entries in the validation split and
its odd ones in the test split. So a test question is never one that the model has read. What others wrote stands in files: `TOLD` is for lessons
alone, `ASKED` adds to the pools of "test".
"""

import json
from pathlib import Path


def _by_others(file):
    """{what is asked: templates}. Written one by one by a language model, which was given a list of what can be asked and saw neither package nor exam."""
    found = {}
    for line in Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["about"], []).append(row["text"])
    return found


TOLD = _by_others("told.jsonl")  # as people of all sorts tell it: with stories, in anger, in a hurry, in their second language
ASKED = _by_others("asked.jsonl")  # in words that the lessons use, so that a small model can be asked in many sentences
ASK = {
    "price": {
        "train": (
            "[how much is|how much do you charge for|what is the price of] the {p}?", "what does [the|a] {p} cost [now||these days]?",
            "how much [would|will] I pay for [the|a] {p}?", "price of the {p}[, please]?", "I want to buy the {p}. What does it cost?",
            "how many dollars is the {p}?", "could you [quote me|give me] the price of the {p}?", "is the {p} expensive? What is the price?",
            "what do you [ask|want] for the {p}?", "[tell me|I need to know] what the {p} costs.", "how much does [one|the] {p} cost?",
            "[any idea|I wonder] what the {p} costs[?|.]", "please look up the price of the {p}.", "[can|could] you say how much the {p} is?", "[a friend asked me|my boss asks] what a {p} costs. [What is it|How much is it]?", "would the {p} be within my budget? How much is it?", "[which|what] price does the {p} have in your shop?", "I saw the {p} in a window. How much do you ask for it?", "how expensive is [the|a] {p}?",
            "at what price is the {p} sold?", "[what|how much] do I have to pay [for|to get] the {p}?", "the {p} is for sale, but at what price?", "how much money must I bring for the {p}?", "what price [did you set|is there] for the {p}?",
            "what sum do you ask for the {p}?", "what is a {p} worth in your shop?", "is the {p} cheap or dear? What do I pay?", "how many dollars do I need for a {p}?", "the {p} in the window: what is its price tag?", "what will the bill be for one {p}?", "I have [50|200|400] dollars. What does the {p} cost?", "for what price may I have the {p}?", "what is the {p} sold for?", "on which price do we agree for the {p}?", "does the {p} fit into my budget? Tell me the price.", "what are you asking for your {p}?",
        ),
        "about": (
            "the [price|cost|current price] of [the|a] {p}", "what the {p} costs", "what one {p} costs", "how much the {p} is", "how much I [must|have to|would] pay for [the|a] {p}", "what you charge for the {p}",
            "how expensive the {p} is", "at which price you [offer|sell] the {p}", "how many dollars you want for the {p}", "what a {p} sells for", "the price tag of the {p}", "how much money a {p} takes",
            "what price is on the {p}", "for how many dollars the {p} goes", "what I owe you for one {p}", "the sum I pay for a {p}",
            "what sum you ask for the {p}", "what the {p} is worth", "how many dollars a {p} needs", "for what price the {p} is sold", "the amount on the bill for a {p}", "the dollars for a {p}",
        ),
        "varied": (
            "[what|how much|which sum|how many dollars] [is|would be] [asked|charged|wanted|due|billed|taken] [for|to get] [the|a|one|your] {p} [now|currently|this month|at present|]?",
            "[what|which] [price|amount|sum|figure] [goes with|belongs to|do you list for|do you name for|is set for|applies to] [the|a|your] {p}?",
            "[could|may] I get [the|a] {p} for [60|90|150|300] dollars, or [how much|what] is it?",
            "I [put aside|have got|brought|can spend] [some money|60 dollars|90 dollars|a little]: [how much|what price] is [the|a|your] {p}?",
            "[buyers|people|others] [pay|spend] how much on [the|a|one] {p}?",
        ),
        "test": (
            "what would [one|a] {p} cost me today?", "do you know the [current|list] price of a {p}?", "for how much do you sell the {p}?",
            "I have some money saved; how much is a {p}?", "what price do you put on the {p}?", "please say what I have to pay for the {p}.",
            "what is being asked for a {p} these days?", "my limit is 100 dollars; what does your {p} cost?", "how big is the price of the {p}?", "what do customers pay for the {p}?",
        ),
    },
    "warranty": {
        "train": (
            "how long is the {p} under warranty?", "what warranty [does the {p} have|comes with the {p}]?", "how many months of warranty does the {p} have?",
            "is there a warranty on the {p}[, and for how long]?", "when does the warranty of [the|my] {p} end?", "how long does the warranty on the {p} last?",
            "warranty of the {p}?", "[tell me|I need to know] how long the {p} is covered.", "my {p} broke. How long is the warranty?",
            "for how many months is the {p} guaranteed?",
            "[any idea|I wonder] how long the {p} is covered[?|.]", "please look up the warranty of the {p}.", "[can|could] you say how long the warranty of the {p} is?", "I own [the|a] {p}. Is it still covered, and how long?", "how many months may the {p} break for free?", "does the {p} come with a guarantee? How long is it?", "I bought a {p} [in May|last year|yesterday]. How long does the guarantee run?", "what does the guarantee of the {p} cover in months?",
            "for what time do you guarantee the {p}?", "how long [do|would] you repair the {p} for free?", "the {p}: covered until when?", "what period of warranty do you give on the {p}?", "how long after the purchase is the {p} covered?",
            "if the {p} breaks, how long do you pay for it?", "how long am I safe with [the|my] {p}, in months?", "how many months is a {p} protected?", "when is the guarantee of my {p} over?", "does my {p} have a guarantee, how many months?", "how old may the {p} be for a free repair?", "[until when|how long] does the maker answer for the {p}?", "what is the period of guarantee for the {p}?", "my {p} is one year old. How many months of warranty did it get?", "how long can I complain about a {p}?", "what do you promise for the {p}, how many months?",
        ),
        "about": (
            "how long the {p} is [under warranty|covered|guaranteed]", "the [warranty|guarantee|warranty time] of the {p}", "how many months of [warranty|guarantee] the {p} has", "when the warranty of my {p} [ends|runs out]",
            "for how many months you guarantee the {p}", "how long the warranty for [a|the] {p} is", "whether the {p} is covered and for how long", "how long you repair the {p} for free", "the number of months the {p} is covered",
            "how long a new {p} has a guarantee", "the time that a {p} is under guarantee", "the duration of the warranty on the {p}",
            "the period of guarantee for the {p}", "how long a {p} is protected", "when the guarantee of the {p} is over", "how many months the maker answers for the {p}", "how long I can complain about a {p}",
        ),
        "varied": (
            "[for how long|how long|how many months] [is|would be] [the|my|a|a new] {p} [under guarantee|protected|safe|backed by you|in warranty|repaired free of charge]?",
            "[what|which] is the [length|term|duration|span|time] of the [guarantee|cover|protection] [of|on] [the|my|a] {p}?",
            "[if|when|in case] [the|my] {p} [fails|dies|stops] [after a year|next month|one day], [does the warranty pay|am I covered], and [how long|for how many months]?",
            "[yesterday|last week|just now] I [got|ordered|paid for] [the|a] {p}: [for how long|how many months] [is the guarantee|do you cover it]?",
            "[I fear|I am afraid] that [the|my] {p} [fails|dies]: how [long|many months] [does the guarantee help|is it covered]?",
        ),
        "test": (
            "how long does Hearthwick guarantee the {p}?", "what is the warranty period of my {p}?", "until when is a new {p} covered by the warranty?",
            "how many months am I covered if I buy the {p}?", "can you tell me the length of the warranty for a {p}?", "I just bought a {p}; how long is it covered?",
            "for what period is the {p} under warranty?", "does my {p} still have warranty, how many months is it?", "how many months does the guarantee of a {p} run?", "I worry that the {p} breaks; how long does the warranty protect me?",
        ),
    },
    "reset": {
        "train": (
            "how do I reset [the|my] {p}?", "how can I [restart|reset] the {p}?", "my {p} is frozen. How do I reset it?", "what is the way to reset a {p}?",
            "how long must I hold the {h} to reset the {p}?", "the {p} does not react. [How do I|How can I] reset it?", "reset of the {p}?",
            "[tell me|please explain] how to put the {p} back to factory state.", "for how many seconds do I hold the {h} of the {p}?", "is there a reset for the {p}?",
            "[any idea|I wonder] how the {p} can be reset[?|.]", "please look up how to reset the {p}.", "[can|could] you say how to reset the {p}?", "the {p} hangs. What now, is there a reset?", "what do I press to reset [the|my] {p}?", "I want to start over with my {p}. How do I reset it?", "my {p} does nothing at all. How is it reset?", "how long does one hold the button to reset the {p}?",
            "which steps reset the {p}?", "my {p} needs a reset, [help me|what do I do]?", "what should I do so that the {p} resets?", "after how many seconds does the {p} reset?", "please help me to reset [the|my] {p}.", "how does one get the {p} back to the state of the first day?",
            "what makes the {p} start afresh?", "the {p} is stuck. What should I hold, and how long?", "which button resets the {p}, and for how many seconds?", "how many seconds do I wait until the {p} is reset?", "can you walk me through a reset of the {p}?", "my {p} stopped. Is there a way to restart it?", "the steps to reset the {p}, please.", "how do I bring my {p} back to life?", "my {p} went crazy, how do I reset it?", "show me the reset of the {p}.", "in what way do I restart [the|my] {p}?",
        ),
        "about": (
            "how to [reset|restart] [the|my|a] {p}", "how I reset the {p}", "how the {p} goes back to factory state", "the [reset|restart] of the {p}", "the way to reset the {p}", "how long to hold the {h} for a reset of the {p}",
            "what to [do|press|hold] to reset the {p}", "how many seconds the reset of the {p} takes", "what to do when the {p} [hangs|freezes|does not react]", "how one resets a {p}", "how a frozen {p} is reset", "for how long the {h} of the {p} is held for a reset",
            "the steps to reset the {p}", "how my {p} starts afresh", "which button resets the {p}", "how many seconds I hold it to reset the {p}", "how to bring the {p} back to life", "what to do with a stuck {p}",
        ),
        "varied": (
            "[which|what] [moves|actions|buttons] [bring|get|put|turn] [the|my|a] {p} back to [factory state|its first state|the start|normal]?",
            "[the|my] {p} [froze|stalled|got stuck|does nothing], [how|in which way] [do I|should one] [reset|restart|revive] it?",
            "how [many seconds|long] [do I|must I|should I|does one] [press|push|keep|hold] the {h} to [reset|restart] [the|a|my] {p}?",
            "[explain|teach me|describe] how [the|my|a] {p} is [restarted|set back|brought back].",
            "[after|for] how many seconds of [pressing|pushing|holding] [does|will] [the|my] {p} [restart|start anew]?",
        ),
        "test": (
            "what do I have to do to reset this {p}?", "my {p} hangs; can I reset it somehow?", "can you explain the reset of a {p}?",
            "how many seconds of holding does it take to reset the {p}?", "I would like to reset the {p}, please help.", "how is the {p} reset to factory state?",
            "what are the steps of a reset for my {p}?", "the {p} stopped reacting, how can it be reset?", "how many seconds until my {p} resets?", "show me how the {p} gets reset.",
        ),
    },
    "light": {
        "train": (
            "what colour is the light when the {p} is ready?", "which light means the {p} is ready?", "what does the light of the {p} look like when all is well?",
            "my {p} is on. Which colour should the light be?", "light of the {p} when ready?", "[tell me|I need to know] the colour of the ready light on the {p}.",
            "how do I see that the {p} is ready?", "what colour should [the|my] {p} show?", "which colour does the {p} light up in when it is ready?",
            "[any idea|I wonder] which colour the light of the {p} has when ready[?|.]", "please look up the ready light of the {p}.", "[can|could] you say what colour the {p} shows when it is ready?", "my {p} blinks. What colour is right when it is ready?", "I am [colour blind|on the phone]; what colour is the ready light of the {p}?", "when does the {p} count as ready, at which colour?", "the light on the {p}: what colour means ready?",
            "in what colour does the {p} shine when it is ready?", "by which colour do I know that the {p} is ready?", "when ready, what colour is the {p}?", "how should the light on my {p} look?", "what does a ready {p} look like, which colour?",
            "what colour do I wait for on the {p}?", "what colour comes up when the {p} is ready?", "I look at my {p}. Which colour says ready?", "the lamp on the {p}, what colour is it when ready?", "which colour is normal for the light of the {p}?", "what sign of light does a ready {p} give?", "what colour must I see on the {p}?", "how do I notice by the light that the {p} is ready?", "does a ready {p} shine red or green, or what?", "if the {p} is ready, what does its light do, which colour?", "what is the right colour on a {p} that is ready?",
        ),
        "about": (
            "which [colour|light] means that the {p} is ready", "the colour of the [light|ready light] of the {p}", "what colour the {p} shows when ready", "how the light of a ready {p} looks", "in which colour the {p} shines when it is ready",
            "which light the {p} has when it is ready", "what the light of the {p} looks like when it is ready", "the colour that says the {p} is ready", "how I see that my {p} is ready", "which colour my {p} lights up in", "the right colour of the light on the {p}",
            "when the {p} is ready, by its colour",
            "what colour I wait for on the {p}", "which colour comes up when the {p} is ready", "what colour is normal for the light of the {p}", "how to tell from the light that the {p} is ready", "the sign of light of a ready {p}",
        ),
        "varied": (
            "[which|what] [light|lamp|signal] [shows|comes on|is seen|is on] [on|at] [the|my|a] {p} [when|once|as soon as] it is ready?",
            "[as soon as|if|when] [the|my|a] {p} is ready, [which|what] [light is there|colour glows|colour comes on|light should be on]?",
            "[from which colour|from what light] [do|can|will] I [tell|notice|learn] that [the|my] {p} is ready?",
            "[I stare at|I watch|I see] [the|my] {p}: [which|what] [light|glow|colour] [says that it is ready|is the good one|means go]?",
            "[name|say|describe] the [colour|glow|light] of [the|a|my] {p} [when|once] it is ready.",
        ),
        "test": (
            "when the {p} is ready, which colour do I see?", "how does the light tell me that my {p} is ready?", "what is the colour of the light on a ready {p}?",
            "can you tell me which colour the light of the {p} should have?", "in which colour does a {p} light up once it is ready?",
            "which colour of light is normal for a ready {p}?", "what colour appears when my {p} is ready?", "I look at the light of the {p}; which colour is the ready one?", "what should I see on the light of my {p} when it is ready?", "tell me the ready colour of a {p}.",
        ),
    },
    "power": {
        "train": (
            "how many watts does the {p} [use|need|draw]?", "what is the power of the {p}?", "how much power does the {p} [use|need|draw]?", "wattage of the {p}?",
            "how strong is the {p} in watts?", "is the {p} hungry for power? How many watts?", "[tell me|I need to know] the watts of the {p}.",
            "what power does [the|my] {p} need?", "how much electricity does the {p} draw?",
            "[any idea|I wonder] how many watts the {p} has[?|.]", "please look up the power of the {p}.", "[can|could] you say how many watts the {p} draws?", "I have a weak socket. What is the power of the {p}?", "how much current does the {p} pull, in watts?", "does the {p} take much electricity? How many watts are they?", "what does it say in watts on the {p}?",
            "how many watts are needed for the {p}?", "what wattage [does the {p} have|has the {p}]?", "can my socket carry the {p}, how many watts is it?", "the {p} takes how many watts?", "how much power must I have for the {p}?",
            "how many watts must my socket give for the {p}?", "what load is the {p}, in watts?", "I count my electricity. How many watts is the {p}?", "how many watts go through the {p}?", "is the {p} a strong one, how many watts has it got?", "the watts of the {p}, please.", "my bill is high. How many watts does the {p} take?", "what number of watts is on the {p}?", "does the {p} burn much power? Say it in watts.", "how much energy does the {p} use, in watts?", "at how many watts does the {p} run?",
        ),
        "about": (
            "how many watts the {p} [has|uses|needs|draws|takes]", "the [power|watts|wattage] of [the|my|a] {p}", "how much [power|electricity|current] the {p} [uses|draws|needs]", "what power the {p} has", "how strong the {p} is in watts", "the number of watts of the {p}",
            "the electricity that a {p} takes", "whether the {p} needs many watts", "how many watts are drawn by [the|a] {p}", "the load of a {p} on my socket, in watts",
            "what load the {p} is", "how many watts go through the {p}", "the energy that the {p} uses, in watts", "at how many watts the {p} runs", "how many watts are on the label of the {p}", "how much the {p} takes from the socket",
        ),
        "varied": (
            "[how many watts are|how much power is] [needed|consumed|taken|eaten] by [the|my|a|your] {p}?",
            "[what|which] [load|power rating|rating in watts] [does the {p} have|has the {p}|is printed on the {p}]?",
            "[my extension cord|my solar panel|the plug] [is weak|carries little|gives 300 watts]: [how many watts|what power] does [the|a] {p} [want|ask for|pull|require]?",
            "[must I|should I] [count|reckon|calculate] with [many|few] watts for [the|a] {p}? How many [exactly|are they]?",
            "[the bill|the meter|my fuse] worries me: [how many watts|how much power] does [the|my] {p} [want|eat|take]?",
        ),
        "test": (
            "can you tell me how many watts a {p} takes?", "what is the wattage of my {p}?", "how much power is drawn by the {p}?",
            "I must not overload the socket; how many watts is the {p}?", "how many watts should I plan for the {p}?",
            "how many watts go into a {p}?", "what is the power that my {p} uses?", "how many watts does your {p} come with?", "I pay for electricity by the watt; how much does the {p} use?", "what number of watts does the {p} have?",
        ),
    },
    "part": {
        "train": (
            "which spare part [do I need for|fits] the {p}?", "what is the code of the spare part for the {p}?", "which filter code fits the {p}?",
            "I need a spare part for my {p}. Which one?", "spare part of the {p}?", "[tell me|I need to know] the part code of the {p}.",
            "what part do I order for [the|my] {p}?", "which part number does the {p} take?", "my {p} needs a new part. What is the code?",
            "[any idea|I wonder] which part fits the {p}[?|.]", "please look up the spare part of the {p}.", "[can|could] you say which part the {p} needs?", "I want to repair my {p}. Which spare part is it?", "what is the number of the part for the {p}?", "I lost a piece of the {p}. Which spare part replaces it?", "the filter of the {p} is worn. Which code do I order?",
            "what [do I order|must I buy] to repair the {p}?", "which [code|number] has the part of the {p}?", "the {p} lost a part. What goes in there?", "what replacement [is there|do you have] for the part of the {p}?", "which part should I get for the {p}?",
            "which part is made for the {p}?", "what is the right spare part for the {p}?", "a piece of my {p} broke off. Which part do I buy?", "I am at the shop for a part for the {p}. What code?", "which spare goes with the {p}?", "what do I ask for when the {p} needs a part?", "what code do you have for parts of the {p}?", "do you have a part for the {p}, and which code?", "what replaces the old part of the {p}?", "which code do I write on the order for the {p}?", "the right part for my {p}, what is it?",
        ),
        "about": (
            "which [spare part|part] the {p} [needs|takes]", "the [code|number] of the [spare part|part] for the {p}", "which part fits the {p}", "the [spare part|part code|part number] of the {p}", "what part I order for the {p}", "which [filter|piece] goes into the {p}",
            "the code to order a part for my {p}", "which spare part belongs to the {p}", "the replacement for the worn part of the {p}", "what the part for the {p} is called", "which code is on the part for the {p}",
            "which part is made for the {p}", "the right spare for the {p}", "what replaces the old part of the {p}", "which code I write on the order for the {p}", "the code of parts for the {p}", "what I buy when a piece of the {p} breaks",
        ),
        "varied": (
            "[which|what] [component|replacement|spare] [suits|matches|belongs in|is right for] [the|my|a|your] {p}?",
            "[which|what] [number|name] [do I|must I] [say|order|ask for] [at the counter|online|] to get [the|a] part [for|of] [the|my] {p}?",
            "[a piece|something] [of|in] my {p} [snapped|wore out|cracked|got lost]: [which|what] [spare part|part|replacement] [do I need|should I order]?",
            "[help me find|I am searching for|I am after] [the|a] [spare|replacement|component] [for|of] [the|my|a] {p}: [which one|what code] is it?",
            "[what do you sell|what is there] as [a spare|a replacement] for [the|my] {p}?",
        ),
        "test": (
            "what spare part should I order for a {p}?", "can you look up the part code for the {p}?", "which replacement part goes into my {p}?",
            "what code is on the spare part of the {p}?", "I am looking for the spare part that fits the {p}, which is it?",
            "what is the spare part code of my {p}?", "a part of the {p} broke, which spare part is the right one?", "which code do I give in the shop for a part of the {p}?", "what part would fit my {p}?", "which spare part does one use with a {p}?",
        ),
    },
    "cleaning": {
        "train": (
            "how do I clean [the|my] {p}?", "what do I clean the {p} with?", "what is the best way to clean the {p}?", "my {p} is dirty. How do I clean it?",
            "cleaning of the {p}?", "[tell me|please explain] how to clean the {p}.", "what should I use to clean [a|the] {p}?", "how is the {p} cleaned?",
            "is there a trick to clean the {p}?",
            "[any idea|I wonder] how one cleans the {p}[?|.]", "please look up how to clean the {p}.", "[can|could] you say what cleans the {p}?", "there is dust on my {p}. What do I wipe it with?", "what should touch the {p} when I clean it?", "may I wash the {p}? What do I use?", "spring cleaning: what goes on the {p}?",
            "with [what|which thing] do I clean the {p}?", "what should the {p} be wiped with?", "what cleans [the|a] {p} best?", "how do you keep the {p} clean?", "[coffee|soup|mud] got on my {p}. What takes it off?", "by what is the dirt on the {p} removed?",
            "what do I take to clean the {p}?", "what method is right for cleaning the {p}?", "my {p} needs a wash. What do I use?", "what do you advise for cleaning the {p}?", "how does the {p} get clean again?", "what works on a dirty {p}?", "how should one clean the {p} after use?", "which thing cleans [the|my] {p}?", "there are spots on the {p}. What removes them?", "what is allowed for cleaning the {p}?", "before I clean the {p}: with what?",
        ),
        "about": (
            "how to clean the {p}", "how the {p} is [cleaned|best cleaned|kept clean]", "what I clean the {p} with", "with [what|which cloth] one cleans the {p}", "with what the {p} is cleaned", "the [best way|right way] to clean [the|a] {p}", "what to use to clean the {p}", "how I get the {p} clean",
            "what gets a dirty {p} clean", "what is good for cleaning [the|my] {p}", "what wipes the dust off the {p}", "the cleaning of the {p}", "with what I should wipe my {p}", "what takes the dirt off the {p}",
            "what to take for cleaning the {p}", "the method for cleaning the {p}", "what you advise for a dirty {p}", "how the {p} gets clean again", "what removes spots from the {p}", "what is allowed on the {p} when I clean it",
        ),
        "varied": (
            "[which thing|which cleaner|which product] [is best|works|is right|is good|is safe] [to clean|for washing|to wash] [the|my|a|your] {p} [after cooking|every week|]?",
            "[how|with what] [can|may|must] [I|one|we] [wash|wipe|care for] [the|my|a] {p} [after breakfast|at the weekend|once a week|before guests come|]?",
            "[my|the] {p} [has dust on it|looks bad|is sticky|collected dirt]: [what do I wash it with|how do I get it clean|what do you suggest]?",
            "[in autumn|before the holidays|after the party] I [clean|wash|wipe] the {p}: [with what|what should I take|what is needed]?",
            "[what|which method] [do you suggest|would you take|do experts use] for [washing|wiping|the care of] [the|my|a] {p}?",
        ),
        "test": (
            "with what should the {p} be cleaned?", "can you tell me how a {p} gets clean?", "what do you recommend to clean my {p}?",
            "I want to clean the {p} before winter; what do I need?", "my {p} got dusty, what do I clean it with?",
            "what is used to clean a {p}?", "how should I clean my {p} after dinner?", "what is best for cleaning a {p}?", "the {p} needs cleaning; what do I take for it?", "which cleaning method is right for the {p}?",
        ),
    },
}
# The second turn of a conversation: the device is named only in the first.
FOLLOW_UP = {
    "price": {"train": ("and what does it cost?", "and the price?", "how much is it?", "what does that one cost?", "what is its price?", "how much do I pay for it?", "is it expensive?", "and at which price is it sold?", "also, [the|its] price?"), "test": ("what would it cost me?", "and how much do you ask for it?", "what is the cost of that?", "what would I pay for it?")},
    "warranty": {"train": ("and how long is the warranty?", "and the warranty?", "how long is it covered?", "what warranty does it have?", "how many months is it covered?", "and is it guaranteed?", "when does its warranty end?", "also, how long is its guarantee?", "is there a guarantee on it?"), "test": ("how many months of warranty are there?", "and for how long is it guaranteed?", "how long would the warranty last?", "what about its warranty?")},
    "reset": {"train": ("and how do I reset it?", "and the reset?", "how can I restart it?", "how is it restarted?", "what do I press to reset it?", "and if it freezes, how do I reset it?", "what resets it?", "also, how does one reset it?", "and what if it hangs?"), "test": ("how is it reset, by the way?", "and what do I do to reset it?", "and how would I reset that?", "which way is it reset?")},
    "light": {"train": ("and which colour is the ready light?", "and the light?", "what colour should it show?", "what colour is its light?", "how does the light look when it is ready?", "and what colour means ready?", "in what colour does it shine?", "also, which light is right?", "what colour will it be?"), "test": ("which colour will I see when it is ready?", "and in which colour does it light up?", "and the light when ready, which colour is it?", "what is the colour of its light?")},
    "power": {"train": ("and how many watts does it use?", "and the power?", "how much power does it need?", "how many watts?", "and how strong is it, in watts?", "what is the wattage of it?", "does it need much electricity?", "also, its power in watts?", "and how many watts does it draw?"), "test": ("how many watts does it take?", "and what is its wattage?", "how much power would it use?", "and how many watts are we talking about?")},
    "part": {"train": ("and which spare part fits?", "and the spare part?", "what part do I order for it?", "what is the code of its part?", "which part number is it?", "and which part does it need?", "what is its spare part?", "also, which part do I get for it?", "and if a part breaks, which one is it?"), "test": ("which spare part goes into it?", "and what is its part code?", "what spare part is right for it?", "and what do I order when a part breaks?")},
    "cleaning": {"train": ("and how do I clean it?", "and the cleaning?", "what do I clean it with?", "how is it cleaned?", "what is it cleaned with?", "and how does one keep it clean?", "with what should I wipe it?", "also, what cleans it?", "and when it is dirty, what do I use?"), "test": ("how does it get clean?", "and with what is it cleaned?", "what should I clean it with?", "and how would I clean that?")},
}
