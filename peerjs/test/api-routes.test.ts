import { findApiRoute } from '../src/api-routes.ts';

describe('findApiRoute()', () => {
  it.each([
    ['/', 'known'],
    ['/?x=1', 'known'],
    ['/peerjs/id', 'known'],
    ['/peerjs/id?ts=1&version=1.5.5', 'known'],
    ['/peerjs/peers', 'known'],
    ['/wrong/id', 'bad_key'],
    ['/wrong/peers?x', 'bad_key'],
    ['/peerJS/id', 'bad_key'],
    ['/%70eerjs/id', 'bad_key'],
    ['//id', 'bad_key'],
    ['/peerjs', 'not_found'],
    ['/peerjs/', 'not_found'],
    ['/peerjs/id/', 'not_found'],
    ['/peerjs/other', 'not_found'],
    ['/%E0%A4%A', 'not_found'],
    ['', 'known'],
  ])('under /: %s is %s', (url, wanted) => {
    expect(findApiRoute(url, { path: '/', key: 'peerjs' })).toBe(wanted);
  });

  it.each([
    ['/app', 'known'],
    ['/app/', 'known'],
    ['/app/k/id', 'known'],
    ['/app/peerjs/id', 'bad_key'],
    ['/k/id', 'not_found'],
    ['/', 'not_found'],
  ])('under /app/: %s is %s', (url, wanted) => {
    expect(findApiRoute(url, { path: '/app/', key: 'k' })).toBe(wanted);
  });
});
