import { findApiRoute } from '../src/api-routes.ts';

describe('findApiRoute()', () => {
  it.each([
    ['/', 'known'],
    ['/?x=1', 'known'],
    ['/peerjs/id', 'known'],
    ['/peerjs/id?ts=1&version=1.5.5', 'known'],
    ['/peerjs/peers', 'known'],
    ['/wrong/id', 'wrong-key'],
    ['/wrong/peers?x', 'wrong-key'],
    ['/peerJS/id', 'wrong-key'],
    ['/%70eerjs/id', 'wrong-key'],
    ['//id', 'wrong-key'],
    ['/peerjs', 'not-found'],
    ['/peerjs/', 'not-found'],
    ['/peerjs/id/', 'not-found'],
    ['/peerjs/other', 'not-found'],
    ['/%E0%A4%A', 'not-found'],
    ['', 'known'],
  ])('under /: %s is %s', (url, wanted) => {
    expect(findApiRoute(url, { path: '/', key: 'peerjs' })).toBe(wanted);
  });

  it.each([
    ['/app', 'known'],
    ['/app/', 'known'],
    ['/app/k/id', 'known'],
    ['/app/peerjs/id', 'wrong-key'],
    ['/k/id', 'not-found'],
    ['/', 'not-found'],
  ])('under /app/: %s is %s', (url, wanted) => {
    expect(findApiRoute(url, { path: '/app/', key: 'k' })).toBe(wanted);
  });
});
