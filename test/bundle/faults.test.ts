// The short form of `npm run faults`: the bundle is in steady use while one service crashes, another stands still, and nginx reloads.
import { Bundle } from '../faults/bundle.ts';
import { drill } from '../faults/drill.ts';
import { faults } from '../faults/faults.ts';
import { Users } from '../faults/users.ts';
import { compose } from '../support/bundle.ts';

describe('the bundle in steady use', () => {
  const bundle = Bundle.running(process.env);
  let users: Users;
  beforeAll(async () => {
    compose('--profile', 'gun', 'up', '--detach', '--build', '--wait', 'gun');
    users = await Users.start(bundle);
  });
  afterAll(async () => {
    await users.stop();
    compose('--profile', 'gun', 'rm', '--stop', '--force', 'gun');
  });

  it.each(faults.filter(({ isShort }) => isShort))('holds when $what', async (fault) => {
    expect((await drill(bundle, users, fault)).wrong).toEqual([]);
  });
});
