import { readRelay, readTracker } from '../src/addresses.ts';

it.each([
  ['tracker.example.org', 'wss://tracker.example.org'],
  ['localhost:8000/', 'ws://localhost:8000'],
  ['https://tracker.example.org/', 'wss://tracker.example.org'],
  ['https://tracker.example.org/announce', 'https://tracker.example.org/announce'],
  ['udp://tracker.example.org:6969', 'udp://tracker.example.org:6969'],
])('readTracker(%j) is %j', (text, url) => {
  expect(readTracker(text)).toBe(url);
});

it.each([
  ['tracker.example.org', 'https://tracker.example.org'],
  ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
  [' wss://tracker.example.org/ ', 'https://tracker.example.org'],
  ['http://10.0.0.1:5001', 'http://10.0.0.1:5001'],
])('readRelay(%j) is %j', (text, url) => {
  expect(readRelay(text)).toBe(url);
});

it.each(['', 'no host', 'wss://', 'ftp://tracker.example.org', 'file:///etc/passwd'])(
  'neither takes %j for an address',
  (text) => {
    expect(() => readRelay(text)).toThrow(/must be a host or the address of a relay/);
    expect(() => readTracker(text)).toThrow(/must be a host or the address of a tracker/);
  },
);
