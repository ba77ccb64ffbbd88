# One image for every process: `sextant gateway`, `sextant serve <subgraph>`, `sextant migrate`, or all in one with `sextant up`.
FROM node:24-slim AS build
WORKDIR /src
# Scripts of dependencies are not run: the base image brings Node, and nothing may be downloaded at build time.
COPY package.json package-lock.json .npmrc ./
COPY cli/node/package.json cli/node/
COPY cli/setup/slim.mjs cli/setup/
RUN npm ci --workspaces=false && node -e 'import("./cli/setup/slim.mjs").then(({ slim }) => slim("node_modules", true))'
COPY . .
RUN node cli/generate.ts && node cli/bundle.ts --out /app

FROM node:24-slim
# New objects take 8 MB in each half; V8 would take up to 64 on a machine with much memory, and give it back late. All
# threads share two arenas of malloc instead of having up to eight for each core, each with its own free memory.
ENV NODE_ENV=production HOST=0.0.0.0 LOG_FORMAT=json SEXTANT_DIR=/data NODE_OPTIONS=--max-semi-space-size=8 MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build --chown=node:node /app /app
RUN mkdir /data && chown node:node /data
USER node
# One start each fills the caches of compiled code, which are per user, for all containers. That of a subgraph ends when
# it finds no database.
RUN export SEXTANT_DIR=/tmp/first LLM_DISCOVERY=false \
  && timeout --preserve-status 15 node cli/sextant.js up --no-banner \
  && timeout --preserve-status 5 node cli/sextant.js gateway --supergraph supergraph.yaml \
  && for name in auth chat memory vision vector analytics; do \
    JWT_SECRET=only-for-this-start-of-the-image-build DATABASE_URL=postgresql://127.0.0.1:1 REDIS_URL=redis://127.0.0.1:1 \
      timeout 15 node cli/sextant.js serve $name || true; \
  done \
  && rm -r /tmp/first
VOLUME /data
EXPOSE 4000 4001 4002 4003 4004 4005 4006
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["node", "cli/sextant.js", "health"]
ENTRYPOINT ["node", "cli/sextant.js"]
CMD ["up"]
