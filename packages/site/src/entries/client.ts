// /client.js: choosing a relay, failing over, announcing and ICE servers, for pages of others.
export * from '@relay-swarm/client';
