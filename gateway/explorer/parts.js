// What the page is made with, in one file that the browser reads: cli/artefacts/explorer-parts.ts.
import 'graphiql/style.css';

// biome-ignore-start lint/performance/noBarrelFile: it is the entry of a bundle
export { createGraphiQLFetcher } from '@graphiql/toolkit';
export { GraphiQL } from 'graphiql';
export { print, separateOperations } from 'graphql';
export { createElement, useEffect, useState } from 'react';
export { createRoot } from 'react-dom/client';
// biome-ignore-end lint/performance/noBarrelFile: it is the entry of a bundle
