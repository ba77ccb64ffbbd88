// The explorer: GraphiQL over HTTP and graphql-ws, signed in, with the example operations. Runs in the browser.
import 'graphiql/style.css';
import './app.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';

globalThis.MonacoEnvironment = {
  getWorker: (_, label) =>
    new Worker(`/explorer/${label === 'json' || label === 'graphql' ? label : 'editor'}.worker.js`, { type: 'module' }),
};

const STORED = 'sextant.explorer.token';
const settings = await (await fetch('/explorer/settings.json')).json();
// A link may bring the token in the fragment, which browsers never send to a server.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
  sessionStorage.setItem(STORED, given);
  history.replaceState(null, '', location.pathname);
}

const endpoint = new URL('/graphql', location.origin);
const socketUrl = endpoint.href.replace(/^http/, 'ws');

function makeFetcher(token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  return createGraphiQLFetcher({
    url: endpoint.href,
    headers,
    wsClient: createClient({ url: socketUrl, lazy: true, connectionParams: headers }),
  });
}

async function signIn(email, password) {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: settings.signIn.query, variables: { email, password } }),
  });
  const { data, errors } = await answer.json();
  if (errors?.length) throw new Error(errors[0].message);
  return settings.signIn.token.split('.').reduce((value, key) => value?.[key], data);
}

function Account({ token, setToken }) {
  const [problem, setProblem] = useState('');
  if (token) {
    return (
      <p>
        Signed in.{' '}
        <button type="button" onClick={() => setToken('')}>
          Sign out
        </button>
      </p>
    );
  }
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      setToken(await signIn(form.get('email'), form.get('password')));
    } catch (error) {
      setProblem(error.message);
    }
  };
  return (
    <form onSubmit={submit}>
      <input name="email" type="email" placeholder="E-mail" autoComplete="username" required />
      <input name="password" type="password" placeholder="Password" autoComplete="current-password" required />
      <button type="submit">Sign in</button>
      <output>{problem}</output>
    </form>
  );
}

function Explorer() {
  const [token, keepToken] = useState(sessionStorage.getItem(STORED) ?? '');
  const setToken = (value) => {
    sessionStorage.setItem(STORED, value);
    keepToken(value);
  };
  const fetcher = useMemo(() => makeFetcher(token), [token]);
  return (
    <>
      {settings.signIn && (
        <header>
          <strong>Sextant explorer</strong>
          <Account token={token} setToken={setToken} />
        </header>
      )}
      <GraphiQL
        fetcher={fetcher}
        defaultTabs={settings.examples.length > 0 ? settings.examples : undefined}
        shouldPersistHeaders
      />
    </>
  );
}

createRoot(document.getElementById('explorer')).render(<Explorer />);
