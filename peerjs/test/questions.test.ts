// What a node makes of another node's answers: also of another version's.
import { readDelivery, readIds } from '../src/cluster/questions.ts';

describe('an answer of another node', () => {
  it.each([
    ['["a","b"]', ['a', 'b']],
    ['["a",1,null]', ['a']],
    ['', []],
    ['delivered', []],
    ['{"ids":["a"]}', []],
  ])('with ids: %j', (text, ids) => {
    expect(readIds(Buffer.from(text))).toEqual(ids);
  });

  it('that never came has no ids and no word of a delivery', () => {
    expect(readIds(undefined)).toEqual([]);
    expect(readDelivery(undefined)).toBeUndefined();
    expect(readDelivery(Buffer.from('yes'))).toBeUndefined();
  });
});
