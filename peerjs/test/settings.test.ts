import { SettingsError } from '@relay-swarm/kit';
import { settingsFrom } from './support/service.ts';

describe('the settings', () => {
  it('are complete without any environment, and give nobody a secret', () => {
    expect(settingsFrom()).toMatchObject({ port: 9000, path: '/', key: 'peerjs', isDiscoverable: false });
    expect(settingsFrom().authSecret).toBeUndefined();
  });

  it.each([
    ['PEERJS_PATH', 'signaling'],
    ['PEERJS_PATH', '/signaling'],
    ['PEERJS_PATH', '/a?b/'],
    ['PEERJS_KEY', 'my key'],
    ['PEERJS_KEY', 'a/b'],
    ['PEERJS_IDLE_SECONDS', '30'],
    ['PEERJS_AUTH_SECRET', 'short'],
    ['PEERJS_ORIGINS', 'example.org'],
    ['PEERJS_SEND_BUFFER_BYTES_MAX', '524287'],
  ])('refuse %s=%s and say so', (name, value) => {
    expect(() => settingsFrom({ [name]: value })).toThrow(SettingsError);
    expect(() => settingsFrom({ [name]: value })).toThrow(name);
  });

  it('take a path of several parts', () => {
    expect(settingsFrom({ PEERJS_PATH: '/a/b-1/' }).path).toBe('/a/b-1/');
  });
});
