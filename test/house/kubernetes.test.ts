// docs/kubernetes/relay-swarm.yaml, as far as it can be held to without a cluster: its settings are ours and are right, and its parts lead to each other.
// The only importer of yaml.
import { parseAllDocuments } from 'yaml';
import { checkTrackerSettings, trackerSettings } from '../../tracker/src/settings.ts';
import { readSettings } from '../../packages/kit/src/index.ts';
import { readRepositoryFile, SERVICES, settingsOf, type Service } from '../support/repository.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly ports: readonly { containerPort: number }[];
  readonly env?: readonly {
    name: string;
    value?: string;
    valueFrom?: { secretKeyRef: { name: string; key: string } } | { fieldRef: { fieldPath: string } };
  }[];
  readonly volumeMounts: readonly { name: string }[];
  readonly securityContext: unknown;
  readonly resources: { limits: Readonly<Record<string, string>> };
  readonly readinessProbe: { httpGet?: { path: string; port: number }; tcpSocket?: { port: number } };
}
interface Pod {
  readonly enableServiceLinks?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly securityContext: { readonly runAsNonRoot?: boolean };
  readonly containers: readonly Container[];
  readonly volumes?: readonly { name: string }[];
}
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly serviceName?: string;
    readonly selector: { matchLabels: Labels } & Labels;
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly volumeClaimTemplates?: readonly { metadata: { name: string } }[];
    readonly ports: readonly { port: number }[];
    readonly podSelector: {
      readonly matchExpressions: readonly { key: string; operator: string; values: string[] }[];
    };
    readonly ingress: readonly {
      from: readonly unknown[];
      ports: readonly { protocol: string; port: number }[];
    }[];
    readonly rules: readonly {
      http: {
        paths: readonly { path: string; backend: { service: { name: string; port: { number: number } } } }[];
      };
    }[];
  };
}
type Labels = Readonly<Record<string, string>>;

const documents = parseAllDocuments(readRepositoryFile('docs/kubernetes/relay-swarm.yaml'));
const resources = documents.map((document) => document.toJS() as Resource);
const services = resources.filter(({ kind }) => kind === 'Service');
const workloads = resources.filter(({ kind }) => /^(Deployment|StatefulSet|DaemonSet)$/.test(kind));
const containers = workloads.flatMap(({ metadata, spec }) =>
  spec.template.spec.containers.map((container) => ({
    ...container,
    of: metadata.name,
    pod: spec.template.spec,
  })),
);
const envOf = ({ env = [] }: Container): Record<string, string> =>
  Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [
      name,
      value ?? (valueFrom !== undefined && 'fieldRef' in valueFrom ? '192.0.2.7' : 'c0ffee'.repeat(11)),
    ]),
  );
const isIn = (labels: Labels, selector: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

describe('the manifests for Kubernetes', () => {
  it('are YAML without a fault', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(workloads.map(({ metadata }) => metadata.name)).toEqual([
      'nats',
      'tracker',
      'tracker-node',
      'peerjs',
      'stun',
    ]);
  });

  it.each(containers.filter(({ name }) => name !== 'nats'))(
    'set what $of reads, to what it takes',
    async (container) => {
      const settings = await settingsOf(container.name as Service);
      expect(SERVICES).toContain(container.name);
      const faults = Object.entries(envOf(container)).flatMap(([name, value]) => {
        const one = settings.find((each) => each.name === name);
        return one === undefined
          ? [`${name}: nobody reads it`]
          : one.parse(value) === undefined
            ? [`${name}: ${one.rule}`]
            : [];
      });
      expect(faults).toEqual([]);
    },
  );

  it.each(['tracker', 'tracker-node'])('make a tracker that starts: %s', (name) => {
    const env = envOf(containers.find(({ of }) => of === name)!);
    expect(readSettings(env, trackerSettings, checkTrackerSettings).trackerRole).toBe(
      name === 'tracker' ? 'relay' : 'node',
    );
  });

  it('run one relay', () => {
    expect(
      resources.find(({ metadata, kind }) => metadata.name === 'tracker' && kind === 'StatefulSet')?.spec
        .replicas,
    ).toBe(1);
  });

  it.each(containers)(
    'keep $of from what it does not need',
    ({ pod, securityContext, resources: { limits }, image }) => {
      // With them, a Service "tracker" sets TRACKER_PORT to a URL.
      expect([pod.enableServiceLinks, pod.automountServiceAccountToken]).toEqual([false, false]);
      expect(pod.securityContext.runAsNonRoot).toBe(true);
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(Object.keys(limits)).toEqual(['cpu', 'memory']);
      expect(image).toMatch(/^registry\.example\.org\/relay-swarm\/\w+:\d+\.\d+\.\d+$/);
    },
  );

  it('mount only volumes that are there, and ask for health where it is told', () => {
    for (const { spec } of workloads)
      for (const { volumeMounts, ports, readinessProbe } of spec.template.spec.containers) {
        const volumes = [
          ...(spec.template.spec.volumes ?? []).map(({ name }) => name),
          ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
        ];
        expect(volumes).toEqual(expect.arrayContaining(volumeMounts.map(({ name }) => name)));
        expect(ports[0]!.containerPort).toBe((readinessProbe.httpGet ?? readinessProbe.tcpSocket)!.port);
      }
  });

  it('have Services that lead to Pods, and workloads that find their own', () => {
    for (const { spec } of services.filter((one) => one.metadata.name !== 'nowhere')) {
      const found = workloads.filter((one) => isIn(one.spec.template.metadata.labels, spec.selector));
      expect(found.length).toBeGreaterThan(0);
      for (const one of found)
        expect(one.spec.template.spec.containers[0]!.ports.map(({ containerPort }) => containerPort)).toEqual(
          spec.ports.map(({ port }) => port),
        );
    }
    for (const { spec } of workloads) {
      expect(isIn(spec.template.metadata.labels, spec.selector.matchLabels)).toBe(true);
      if (spec.serviceName !== undefined)
        expect(services.map(({ metadata }) => metadata.name)).toContain(spec.serviceName);
    }
  });

  // Who is in the Pods' network is believed who its clients are.
  it('let the Ingress controller alone come to what believes it', () => {
    const policies = resources.filter(({ kind }) => kind === 'NetworkPolicy');
    const believing = workloads.filter(({ spec }) =>
      spec.template.spec.containers[0]!.env?.some(({ name }) => name.endsWith('_TRUSTED_PROXIES')),
    );
    const [{ podSelector, ingress }] = policies.map(({ spec }) => spec) as [Resource['spec']];
    // A policy does not reach a Pod on the machine's own network.
    const reached = believing.filter(({ spec }) => spec.template.spec.hostNetwork !== true);
    expect(podSelector.matchExpressions).toEqual([
      { key: 'app', operator: 'In', values: reached.map(({ metadata }) => metadata.name) },
    ]);
    expect(ingress).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
        ports: [8000, 9000].map((port) => ({ protocol: 'TCP', port })),
      },
    ]);
  });

  it("listen at the machine's own address where they have its network", () => {
    const hosts = containers.filter(({ pod }) => pod.hostNetwork === true);
    expect(
      hosts.map(({ of, env }) => [of, env?.find(({ name }) => name === 'STUN_HTTP_HOST')?.valueFrom]),
    ).toEqual([['stun', { fieldRef: { fieldPath: 'status.hostIP' } }]]);
  });

  it('let nobody outside ask what is for operators, and lead everything else to a Service', () => {
    const paths = resources
      .filter(({ kind }) => kind === 'Ingress')
      .flatMap(({ spec }) => spec.rules[0]!.http.paths);
    const to = Object.fromEntries(paths.map(({ path, backend }) => [path, backend.service.name]));
    expect(to).toMatchObject({
      '/metrics': 'nowhere',
      '/healthz': 'nowhere',
      '/relay': 'tracker',
      '/': 'trackers',
    });
    for (const { backend } of paths)
      expect(
        services
          .find(({ metadata }) => metadata.name === backend.service.name)
          ?.spec.ports.map(({ port }) => port),
      ).toEqual([backend.service.port.number]);
    expect(workloads.filter(({ spec }) => spec.template.metadata.labels['app'] === 'nowhere')).toEqual([]);
  });
});
