import { implement } from '@orpc/server'
import { registryContract } from '../../src/shared/contracts/registry.contract.ts'

/** A registry without images and with its door closed. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function fixtureRegistry() {
  const contract = implement(registryContract)
  const door = { enabled: false, address: '127.0.0.1', port: 8080, state: 'closed' as const, hasToken: false }
  return {
    watch: contract.watch.handler(async function* () { await Promise.resolve(); yield { door, images: [], channels: [], rollouts: [] } }),
    nodes: contract.nodes.handler(() => []),
    watchNodes: contract.watchNodes.handler(async function* () { await Promise.resolve(); yield* [] }),
    add: contract.add.handler(({ input }) => ({ product: 'esp32-csi-node', version: input.version ?? '1.0.0', sha256: '0'.repeat(64), sizeBytes: 262_144, origin: 'file' as const, atMs: 0 })),
    warnings: contract.warnings.handler(() => []),
    publish: contract.publish.handler(({ input }) => ({ row: { number: 1, ...input, atMs: 0, who: 'lab' }, changed: true, warnings: [] })),
    withdraw: contract.withdraw.handler(() => ({ changed: true })),
    setGroup: contract.setGroup.handler(() => ({})),
    setDoor: contract.setDoor.handler(({ input: { token, ...settings } }) => ({ ...settings, state: settings.enabled ? 'open' as const : 'closed' as const, hasToken: token !== undefined && token !== '' })),
  }
}
