import { findApiRoute } from '../../src/signaling/http-api.ts';

describe('findApiRoute()', () => {
  it.each([
    ['/', 'welcome'],
    ['/?x=1', 'welcome'],
    ['/peerjs/id', 'id'],
    ['/peerjs/id?ts=1&version=1.5.5', 'id'],
    ['/peerjs/peers', 'peers'],
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
    ['', 'welcome'],
  ])('under /: %s is %s', (url, wanted) => {
    expect(findApiRoute(url, { path: '/', key: 'peerjs' })).toBe(wanted);
  });

  it.each([
    ['/app', 'welcome'],
    ['/app/', 'welcome'],
    ['/app/k/id', 'id'],
    ['/app/peerjs/id', 'bad_key'],
    ['/k/id', 'not_found'],
    ['/', 'not_found'],
  ])('under /app/: %s is %s', (url, wanted) => {
    expect(findApiRoute(url, { path: '/app/', key: 'k' })).toBe(wanted);
  });
});
