// /swarm-video.js: the element for pages of others, in one file.
export { SwarmVideoElement } from '../element/swarm-video.ts';
