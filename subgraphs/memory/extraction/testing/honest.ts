type Claim = readonly [message: string, claim: string, quote: string, kind: 'FACT' | 'PREFERENCE'];

/** Plain facts in whose sentences something else is wished, unsure or an example, each with the words that say it. */
export const HONEST: readonly Claim[] = [
  // A wish, and then a fact.
  [
    'I want to cook tonight, but I am allergic to nuts.',
    'The user is allergic to nuts.',
    'I am allergic to nuts',
    'FACT',
  ],
  ['I want to learn Norwegian because I live in Oslo.', 'The user lives in Oslo.', 'I live in Oslo', 'FACT'],
  ['Ich will abnehmen und bin Vegetarier.', 'Der Nutzer ist Vegetarier.', 'bin Vegetarier', 'FACT'],
  [
    'Ich möchte kochen, aber ich bin allergisch gegen Nüsse.',
    'Der Nutzer ist allergisch gegen Nüsse.',
    'ich bin allergisch gegen Nüsse',
    'FACT',
  ],
  [
    'Je veux cuisiner ce soir, mais je suis allergique aux noix.',
    "L'utilisateur est allergique aux noix.",
    'je suis allergique aux noix',
    'FACT',
  ],
  ['Quiero aprender catalán porque vivo en Barcelona.', 'El usuario vive en Barcelona.', 'vivo en Barcelona', 'FACT'],
  [
    'Voglio cucinare stasera, ma sono allergico alle noci.',
    "L'utente è allergico alle noci.",
    'sono allergico alle noci',
    'FACT',
  ],
  ['Quero emagrecer e sou vegetariano.', 'O usuário é vegetariano.', 'sou vegetariano', 'FACT'],
  [
    'Ik wil koken, maar ik ben allergisch voor noten.',
    'De gebruiker is allergisch voor noten.',
    'ik ben allergisch voor noten',
    'FACT',
  ],
  [
    'Я хочу готовить, но у меня аллергия на орехи.',
    'У пользователя аллергия на орехи.',
    'у меня аллергия на орехи',
    'FACT',
  ],
  ['我想做饭，但是我对坚果过敏。', '用户对坚果过敏。', '我对坚果过敏', 'FACT'],
  ['I plan to move and I work as a nurse.', 'The user works as a nurse.', 'I work as a nurse', 'FACT'],
  // Regret, and not doubt.
  ["I'm afraid I am allergic to nuts.", 'The user is allergic to nuts.', 'I am allergic to nuts', 'FACT'],
  [
    'Ich fürchte, ich bin allergisch gegen Nüsse.',
    'Der Nutzer ist allergisch gegen Nüsse.',
    'ich bin allergisch gegen Nüsse',
    'FACT',
  ],
  [
    'Me temo que soy alérgico a las nueces.',
    'El usuario es alérgico a las nueces.',
    'soy alérgico a las nueces',
    'FACT',
  ],
  ['Боюсь, у меня аллергия на орехи.', 'У пользователя аллергия на орехи.', 'у меня аллергия на орехи', 'FACT'],
  // What is unsure is something else.
  [
    'I am allergic to nuts and I am not sure what I can cook.',
    'The user is allergic to nuts.',
    'I am allergic to nuts',
    'FACT',
  ],
  ['I live in Oslo and I wonder where to swim.', 'The user lives in Oslo.', 'I live in Oslo', 'FACT'],
  ["I'm a vegan, not sure what to cook tonight.", 'The user is a vegan.', "I'm a vegan", 'FACT'],
  [
    'Ich wohne in Oslo und frage mich, wo man schwimmen kann.',
    'Der Nutzer wohnt in Oslo.',
    'Ich wohne in Oslo',
    'FACT',
  ],
  [
    "J'habite à Lyon et je me demande si la piscine est ouverte.",
    "L'utilisateur habite à Lyon.",
    "J'habite à Lyon",
    'FACT',
  ],
  [
    'Soy alérgico a las nueces y no sé, me pregunto si puedo comer esto.',
    'El usuario es alérgico a las nueces.',
    'Soy alérgico a las nueces',
    'FACT',
  ],
  [
    'У меня аллергия на орехи, и я сомневаюсь, что это можно есть.',
    'У пользователя аллергия на орехи.',
    'У меня аллергия на орехи',
    'FACT',
  ],
  ['我对坚果过敏，但是我担心晚饭。', '用户对坚果过敏。', '我对坚果过敏', 'FACT'],
  // An example of what is so.
  [
    'I am allergic to some foods, for example nuts.',
    'The user is allergic to nuts.',
    'I am allergic to some foods, for example nuts',
    'FACT',
  ],
  ['Ich mag Obst, zum Beispiel Äpfel.', 'Der Nutzer mag Äpfel.', 'Ich mag Obst, zum Beispiel Äpfel', 'FACT'],
  [
    "J'aime les fruits, par exemple les pommes.",
    "L'utilisateur aime les pommes.",
    "J'aime les fruits, par exemple les pommes",
    'FACT',
  ],
  ['Я люблю фрукты, например яблоки.', 'Пользователь любит яблоки.', 'Я люблю фрукты, например яблоки', 'FACT'],
  [
    'Ik houd van fruit, bijvoorbeeld appels.',
    'De gebruiker houdt van appels.',
    'Ik houd van fruit, bijvoorbeeld appels',
    'FACT',
  ],
  // Work.
  ['I work for Siemens at night.', 'The user works for Siemens.', 'I work for Siemens', 'FACT'],
  ['I work at the hospital at night.', 'The user works at the hospital.', 'I work at the hospital', 'FACT'],
  ['I work for peanuts at Siemens.', 'The user works at Siemens.', 'I work for peanuts at Siemens', 'FACT'],
  ['I work at Google for free.', 'The user works at Google.', 'I work at Google', 'FACT'],
  ['I work as a lead artist on a game.', 'The user works as a lead artist.', 'I work as a lead artist', 'FACT'],
  ['Ich arbeite als Autorin an einer Serie.', 'Die Nutzerin arbeitet als Autorin.', 'Ich arbeite als Autorin', 'FACT'],
  [
    'Je travaille comme actrice dans une série.',
    "L'utilisatrice travaille comme actrice.",
    'Je travaille comme actrice',
    'FACT',
  ],
  ['Trabajo como actriz en una serie.', 'La usuaria trabaja como actriz.', 'Trabajo como actriz', 'FACT'],
  // A plain yes.
  ['Sure, I love hiking.', 'The user loves hiking.', 'I love hiking', 'PREFERENCE'],
  ['Да, я люблю кофе.', 'Пользователь любит кофе.', 'я люблю кофе', 'PREFERENCE'],
  ['Claro, me gusta el café.', 'Al usuario le gusta el café.', 'me gusta el café', 'PREFERENCE'],
  ["Bien sûr, j'aime le café.", "L'utilisateur aime le café.", "j'aime le café", 'PREFERENCE'],
];
