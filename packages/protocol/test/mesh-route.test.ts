import fc from 'fast-check';
import { ProtocolError } from '../src/fields.ts';
import { ByteWriter } from '../src/mesh-bytes.ts';
import { cutTag, readRoute, TAG_BITS, writeBranch, type TagBits } from '../src/mesh-route.ts';

interface Node {
  readonly tag: number;
  readonly bits: TagBits;
  readonly children: readonly Node[];
}

const node = fc.memo((depth): fc.Arbitrary<Node> =>
  fc.record({
    tag: fc.nat({ max: 0x7ffff }),
    bits: fc.constantFrom(...TAG_BITS),
    children: depth <= 1 ? fc.constant([]) : fc.array(node(), { maxLength: 3 }),
  }),
);

function write(nodes: readonly Node[], writer = new ByteWriter()): Uint8Array {
  nodes.forEach(({ tag, bits, children }, i) => {
    writeBranch(writer, tag, bits, children.length > 0, i + 1 < nodes.length);
    write(children, writer);
  });
  return writer.finish();
}

function read(route: Uint8Array): Node[] {
  return readRoute(route, 10_000).map(({ tag, bits, route: rest }) => ({ tag, bits, children: read(rest) }));
}

const cut = (nodes: readonly Node[]): Node[] =>
  nodes.map(({ tag, bits, children }) => ({ tag: cutTag(tag, bits), bits, children: cut(children) }));

describe('routes', () => {
  it('are read level by level, as every relay does, to the tree that was written', () => {
    fc.assert(
      fc.property(fc.array(node(5), { maxLength: 4 }), (nodes) =>
        expect(read(write(nodes))).toEqual(cut(nodes)),
      ),
    );
  });

  it('are read or refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          readRoute(bytes, 100);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('are refused with more members than the room has', () => {
    const leaf: Node = { tag: 1, bits: 5, children: [] };
    const route = write([{ ...leaf, children: Array.from({ length: 10 }, () => leaf) }]);
    expect(readRoute(route, 11)).toHaveLength(1);
    expect(() => readRoute(route, 10)).toThrow(ProtocolError);
  });

  it('are refused where they are deeper than a packet travels', () => {
    expect(() => readRoute(new Uint8Array(1_000).fill(2), 10_000)).toThrow('too deep');
  });

  it('take one byte for a member whose tag is short', () => {
    expect(write([{ tag: 31, bits: 5, children: [] }])).toHaveLength(1);
  });
});
