"""What callers ask and what agents answer: pairs that have little in common with one another."""

GREETING = "Hello and welcome, how can I help you today?"
GOODBYE = ("Thank you, that was all. Good bye.", "You are welcome. Good bye.")

PAIRS: tuple[tuple[str, str], ...] = (
    ("When do you open on Sunday?", "On Sundays we are here from ten until four."),
    (
        "I would like to change the address on my account.",
        "Of course. Please tell me the street, the house number and the city, one after the other.",
    ),
    (
        "How long does delivery usually take?",
        "Standard delivery takes five days, express two days, and the courier four hours in the city.",
    ),
    ("Can I pay by invoice?", "Yes, within fourteen days."),
    (
        "Somebody gave me a voucher, what do I do with it?",
        "Give the code at the end of your order, and the amount is taken off at once.",
    ),
    ("Is there a place for my bicycle?", "There is a rack behind the building, next to the door."),
    (
        "What happens if I have to cancel?",
        "Up to one day before it costs nothing, after that we keep half of the price.",
    ),
    ("Do you also speak Portuguese?", "A colleague of mine does, every morning."),
    (
        "The parcel arrived with a broken corner.",
        "I am sorry to hear that. Keep the box, and we send somebody to collect it tomorrow.",
    ),
    ("Which bus goes to your office?", "Line seven, the stop is called Market Hall."),
    (
        "My daughter has forgotten her password.",
        "She can ask for a new one on the first page, it comes by mail within a minute.",
    ),
    ("Are dogs allowed?", "Small ones are."),
    (
        "Tell me about the warranty, please.",
        "Two years on everything, and five years on the motor if you register within a month.",
    ),
    ("Could you read the number back to me?", "Certainly: four, seven, one, nine, zero, three."),
    (
        "I was charged twice in October.",
        "I can see that, the second payment goes back to your account by Friday.",
    ),
    ("What is the cheapest option?", "The small one, at nine euros a month."),
    (
        "We are six people and one of us uses a wheelchair.",
        "Then I suggest the round table on the ground floor, there are no steps on the way.",
    ),
    ("May I leave the key with a neighbour?", "Yes, if they sign for it."),
    (
        "How do I clean the filter?",
        "Turn the cover to the left, take the filter out, and hold it under warm water for a while.",
    ),
    ("Send me the confirmation by text message.", "Done, it should be with you now."),
)

FILLERS = ("One moment, I am looking that up.", "Let me check that for you.", "Just a second.")

BACKCHANNEL_SECONDS = (0.28, 0.45)
"""How long an "mhm" is."""

REPAIRS = (
    "No, that is not what I said. ",
    "No, I meant something else: ",
    "You misunderstood me. ",
)

LONG_ANSWERS = (
    (
        "There are three ways to do that. The first is to come by in person between nine and five, the "
        "second is to fill in the form on our page and wait for the letter, and the third, which most "
        "people prefer, is to do it right now together with me on the phone."
    ),
    (
        "The small room looks out on the garden and has one bed, the larger one has a balcony and two "
        "beds, and the family room has its own kitchen, a washing machine and enough space for five "
        "people who do not mind to share a bathroom on the same floor."
    ),
)

ANYBODY_THERE = "Hello? Are you still there?"
TOO_EARLY = "Certainly, I can help you with that. Let us begin with your name and your number."
