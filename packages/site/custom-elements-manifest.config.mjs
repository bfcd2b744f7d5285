// What editors and documentation tools read about <swarm-video>: npm run manifest -w packages/site writes custom-elements.json.
export default {
  globs: ['src/element/swarm-video.ts', 'src/element/searching-video.ts'],
  outdir: '.',
  packagejson: false, // it would write there where a test puts its copy
  plugins: [
    {
      name: 'public only',
      moduleLinkPhase({ moduleDoc }) {
        for (const one of moduleDoc.declarations ?? []) {
          one.members = one.members?.filter(
            ({ name, privacy }) => privacy !== 'private' && privacy !== 'protected' && !name.startsWith('#'),
          );
          // The tool takes the parameter of the function that fires them all for the name of one.
          one.events = one.events?.filter(({ name }) => name !== 'type');
        }
      },
    },
  ],
};
