import '@mantine/core/styles.css';
import './console.css';
import { ApolloProvider } from '@apollo/client/react';
import { type CSSVariablesResolver, createTheme, MantineProvider } from '@mantine/core';
import { createSextant } from '@sextant/client';
import { SextantProvider } from '@sextant/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { reloadAfterUpgrade } from './frame/reload-after-upgrade.ts';
import { createGraph } from './graph.ts';
import { StringsProvider } from './strings/strings.tsx';

reloadAfterUpgrade();
const sextant = createSextant();
const graph = createGraph(sextant);
const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  components: {
    Tooltip: { defaultProps: { openDelay: 400 } },
    // A dialogue's header is not the header of the page.
    ModalHeader: { defaultProps: { component: 'div' } },
    DrawerHeader: { defaultProps: { component: 'div' } },
  },
});
/** The number that style sheets of scripts have to carry: the server forbids all others. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
// The name under which the library that stops a page from scrolling below a dialogue looks for it.
Object.assign(globalThis, { __webpack_nonce__: nonce });
/** Grey that is read well on each ground. */
const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#495057', '--mantine-color-placeholder': '#5c6370' },
  dark: {
    '--mantine-color-dimmed': '#adb5bd',
    '--mantine-color-placeholder': '#a0a7af',
    // What destroys looks so here, too; the library's tone is nearly white.
    '--mantine-color-red-light-color': '#ff8787',
    '--mantine-color-cyan-light-color': '#66d9e8',
  },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
      cssVariablesResolver={readable}
    >
      <StringsProvider>
        <SextantProvider sextant={sextant}>
          <ApolloProvider client={graph}>
            <App />
          </ApolloProvider>
        </SextantProvider>
      </StringsProvider>
    </MantineProvider>
  </StrictMode>,
);
