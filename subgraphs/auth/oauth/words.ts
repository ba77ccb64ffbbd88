import { SCOPES, type Scope } from '#platform/identity/identity.ts';

/** The texts of the page on which a person connects an app, in one language. */
export interface Words {
  readonly language: string;
  readonly title: (app: string) => string;
  readonly intro: (app: string) => string;
  readonly unchecked: string;
  readonly leadsTo: (host: string) => string;
  readonly leadsHere: string;
  readonly opens: (scheme: string) => string;
  readonly may: string;
  readonly scopes: Readonly<Record<Scope, string>>;
  readonly nothing: string;
  readonly signIn: string;
  readonly email: string;
  readonly password: string;
  readonly allow: string;
  readonly deny: string;
  readonly later: string;
  readonly wrong: string;
  readonly locked: string;
  readonly tooMany: string;
  readonly refusedTitle: string;
  readonly refused: string;
  readonly back: (app: string) => string;
}

const en: Words = {
  language: 'en',
  title: (app) => `Connect ${app}`,
  intro: (app) => `${app} wants to use your account here.`,
  unchecked: 'It gave itself this name, which is not checked here. Go on only if you have just asked for this.',
  leadsTo: (host) => `Then you are taken to ${host}.`,
  leadsHere: 'Then you are taken to a program on this device.',
  opens: (scheme) => `Then the program is opened that takes links with ${scheme}`,
  may: 'It may',
  scopes: SCOPES,
  nothing: 'Let it do at least one thing, or refuse.',
  signIn: 'Sign in to allow it. The app does not see your password.',
  email: 'E-mail address',
  password: 'Password',
  allow: 'Allow',
  deny: 'Refuse',
  later: 'It stays connected until you end it among your sessions.',
  wrong: 'The address or the password is wrong, or the address is not confirmed yet.',
  locked: 'There were too many attempts. Wait a while and try again.',
  tooMany: 'There were too many attempts from this address. Wait a while and try again.',
  refusedTitle: 'This app cannot be connected',
  refused: 'What it asked for is not in order. Tell those who made it:',
  back: (app) => `Back to ${app}`,
};

const de: Words = {
  language: 'de',
  title: (app) => `${app} verbinden`,
  intro: (app) => `${app} möchte dein Konto hier benutzen.`,
  unchecked:
    'Diesen Namen gibt sich die App selbst; hier ist er nicht geprüft. Mach nur weiter, wenn du das gerade selbst angestoßen hast.',
  leadsTo: (host) => `Danach geht es weiter zu ${host}.`,
  leadsHere: 'Danach geht es weiter zu einem Programm auf diesem Gerät.',
  opens: (scheme) => `Danach öffnet sich das Programm, das Links mit ${scheme} annimmt`,
  may: 'Sie darf',
  scopes: {
    'chat:read': 'Unterhaltungen und Nachrichten lesen',
    'chat:write': 'Unterhaltungen anlegen, Nachrichten senden, Antworten anhalten',
    'memory:read': 'Erinnerungen, Kontexte und Wissen lesen',
    'memory:write': 'Erinnerungen, Kontexte und Wissen speichern und vergessen',
    'vector:read': 'Vektorsammlungen durchsuchen und Texte einbetten',
    'vector:write': 'Sammlungen anlegen und Vektoren speichern',
    'vision:read': 'Bilder und ihre Auswertungen lesen',
    'vision:write': 'Bilder hochladen, auswerten und erzeugen',
    'analytics:read': 'Verbrauch und Kosten lesen',
    'account:read': 'Konto, Sitzungen und API-Schlüssel lesen',
    'account:write': 'Konto, Sitzungen und API-Schlüssel ändern',
    'graph:explore': 'Das Schema des Graphen lesen und über MCP alles ausführen, was die anderen Rechte erlauben',
    admin: 'Alles, was Administratoren dürfen',
  },
  nothing: 'Erlaube mindestens eines, oder lehne ab.',
  signIn: 'Melde dich an, um es zu erlauben. Die App sieht dein Passwort nicht.',
  email: 'E-Mail-Adresse',
  password: 'Passwort',
  allow: 'Erlauben',
  deny: 'Ablehnen',
  later: 'Sie bleibt verbunden, bis du sie unter deinen Sitzungen beendest.',
  wrong: 'Adresse oder Passwort stimmt nicht, oder die Adresse ist noch nicht bestätigt.',
  locked: 'Es gab zu viele Versuche. Warte eine Weile und versuche es dann wieder.',
  tooMany: 'Es gab zu viele Versuche von dieser Adresse. Warte eine Weile und versuche es dann wieder.',
  refusedTitle: 'Diese App lässt sich nicht verbinden',
  refused: 'Was sie verlangt, ist nicht in Ordnung. Sag es denen, die sie machen:',
  back: (app) => `Zurück zu ${app}`,
};

/** Returns the texts in the language that a browser would rather have. */
export function wordsFor(acceptLanguage: string | null): Words {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', quality = ''] = part
        .trim()
        .toLowerCase()
        .split(/;\s*q=/);
      return { language: tag.slice(0, 2), quality: quality === '' ? 1 : Number(quality) || 0 };
    })
    .filter(({ language }) => language === 'de' || language === 'en')
    .sort((a, b) => b.quality - a.quality);
  return wanted[0]?.language === 'de' ? de : en;
}
