// Tests that need network namespaces (test/support/namespace.ts).
import { canMakeNamespaces } from '../../../../test/support/namespace.ts';
import { findTool, requireFound } from '../../../../test/support/tools.ts';

export { Namespace, SwitchedNetwork } from '../../../../test/support/namespace.ts';

/** `describe` where namespaces can be made. */
export const describeWithNamespaces = requireFound({
  'network namespaces (root)': canMakeNamespaces(),
  ip: findTool('ip', '/usr/sbin/ip'),
  bridge: findTool('bridge', '/usr/sbin/bridge'),
});
