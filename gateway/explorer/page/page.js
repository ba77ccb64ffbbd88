// The explorer: GraphiQL over HTTP and the client's socket, with the session that the console has on this server too,
// and the example operations. Runs in the browser as it is.

// First: whatever makes style sheets comes after it.
import './own-styles.js';
import { createSextant } from './client.js';
import { fill } from './fill.js';
import {
  createElement,
  createGraphiQLFetcher,
  createRoot,
  GraphiQL,
  print,
  separateOperations,
  useEffect,
  useState,
} from './parts.js';

globalThis.MonacoEnvironment = {
  getWorker: (_, label) =>
    new Worker(`/explorer/${label === 'json' || label === 'graphql' ? label : 'editor'}.worker.js`, { type: 'module' }),
};

const settings = await (await fetch('/explorer/settings.json')).json();
// One session for this page and the console, in all tabs: who signs in here is signed in there.
const client = createSextant();
const { session } = client;

/** The data of the latest answers by root field, for the variables of examples. */
const answers = {};
/** Whether nothing was done: of what was refused in part, another part may have been. */
const isUnauthenticated = ({ data, errors }) =>
  data === undefined && errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');

/** Sends a request with a token that is good now; once more with another one where it is refused all the same. */
async function send(url, init) {
  const withToken = (token) =>
    fetch(url, { ...init, headers: { ...(token && { authorization: `Bearer ${token}` }), ...init.headers } });
  const token = await session.token();
  const response = await withToken(token);
  if (!response.headers.get('content-type')?.includes('json')) return response;
  const answer = await response.clone().json();
  if (token && isUnauthenticated(answer)) {
    const next = await session.token(token);
    if (next) return withToken(next);
  }
  Object.assign(answers, answer.data);
  return response;
}

const ask = createGraphiQLFetcher({ url: client.endpoint, fetch: send });

/** Follows a subscription over cuts and new tokens, until it is left. */
const follow = (document, variables) => ({
  subscribe(observer) {
    const ended = new AbortController();
    const run = async () => {
      for await (const answer of client.answers(document, variables, { signal: ended.signal })) observer.next(answer);
      observer.complete();
    };
    run().catch((error) => observer.error(error));
    return { unsubscribe: () => ended.abort() };
  },
});

/** Returns the text of the subscription that is to run; undefined where it is a query or a mutation. */
function subscriptionOf({ query, operationName }, documentAST) {
  const operations = documentAST?.definitions.filter(({ kind }) => kind === 'OperationDefinition') ?? [];
  const chosen = operations.find(({ name }) => !operationName || name?.value === operationName);
  if (chosen?.operation !== 'subscription') return undefined;
  return operations.length === 1 ? query : print(separateOperations(documentAST)[chosen.name.value]);
}

function fetcher(params, options) {
  const variables = fill(params.variables, answers);
  const subscription = subscriptionOf(params, options?.documentAST);
  return subscription === undefined ? ask({ ...params, variables }, options) : follow(subscription, variables ?? {});
}

/** Resolves to the name of who is signed in. Whom the server does not know any more is signed out by this. */
async function who() {
  if (!session.isSignedIn) return undefined;
  const { data } = await client.execute({ document: settings.account.who }).catch(() => ({}));
  return data?.person?.name;
}

const element = createElement;
const button = (label, props) => element('button', { type: 'button', ...props }, label);
const field = (name, type, label, autoComplete) =>
  element('input', { name, type, placeholder: label, 'aria-label': label, autoComplete, required: true });

function Account({ known }) {
  const [name, setName] = useState(known);
  const [said, setSaid] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  // A person signs in and out in other tabs, too.
  useEffect(() => session.onChange(() => void who().then(setName)), []);
  if (name)
    return element('p', null, `Signed in as ${name}. `, button('Sign out', { onClick: () => session.signOut() }));
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [email, password] = [form.get('email'), form.get('password')];
    setSaid('');
    setIsBusy(true);
    try {
      if (event.nativeEvent.submitter?.value === 'up') {
        const { emailVerificationRequired } = await session.signUp(email, password);
        if (emailVerificationRequired) setSaid('Open the link in the mail that was sent to you, then sign in.');
      } else await session.signIn(email, password);
    } catch (error) {
      setSaid(error.message);
    } finally {
      setIsBusy(false);
    }
  };
  return element(
    'form',
    { onSubmit: submit },
    field('email', 'email', 'E-mail', 'username'),
    field('password', 'password', 'Password', 'current-password'),
    button('Sign in', { type: 'submit', value: 'in', disabled: isBusy }),
    button('Sign up', { type: 'submit', value: 'up', disabled: isBusy }),
    element('output', null, said),
  );
}

const name = settings.account && (await who());
const explorer = element(
  'div',
  { className: 'explorer' },
  settings.account &&
    element('header', null, element('strong', null, 'Sextant explorer'), element(Account, { known: name })),
  element(GraphiQL, { fetcher, ...(settings.examples.length > 0 && { defaultTabs: settings.examples }) }),
);
createRoot(document.getElementById('explorer')).render(explorer);
