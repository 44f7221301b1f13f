import { implement } from '@orpc/server'
import { findPortsContract } from '../../src/shared/contracts/findPorts.contract.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { type FindPort, typedPorts } from '../../src/shared/rack/findPorts.schema.ts'

const unit = { id: 'routeros 10.216.128.2', label: 'RouterOS switch 10.216.128.2', kind: 'routeros', lists: 'itself' } as const
const pdu = { id: 'pdudaemon lab:16421 pdu01', label: 'pdu01 of PDUDaemon lab:16421', kind: 'pdudaemon', lists: 'typed' } as const
const ports: readonly FindPort[] = [
  { port: 'ether1', comment: 'uplink', state: 'on', watts: 7.2, link: 'up', why: 'its comment says that it leads to the network' },
  { port: 'ether2', comment: 'cam-01', state: 'on', watts: 2.9, link: 'up', why: 'it is written down for cam-01' },
  { port: 'ether3', comment: '', state: 'on', watts: 3.1, link: 'up' },
  { port: 'ether4', comment: 'window side', state: 'on', watts: 2.7, link: 'up' },
  { port: 'ether5', comment: '', state: 'on', link: 'down', why: 'nothing draws power there' },
  ...Array.from({ length: 9 }, (_, index): FindPort => ({ port: `ether${String(index + 6)}`, comment: '', state: 'on', watts: 3, link: 'up' })),
]

/** Ports of a switch, over the rack of the pictures: ether3 feeds cam-03, and the others say nothing. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is oRPC's
export function fixtureFindPorts(calls: string[]) {
  const contract = implement(findPortsContract)
  const cam = { cameraId: cameraIdSchema.parse('cam-03'), camera: 'cam-03' }
  return {
    units: contract.units.handler(() => [{ ...unit, cameras: ['cam-01', 'cam-04'] }, { ...pdu, cameras: ['cam-09'] }]),
    look: contract.look.handler(({ input }) => ({
      unit: input.unitId === pdu.id ? pdu : unit, ports: input.unitId === pdu.id ? (typedPorts(input.typed) ?? []).map((port): FindPort => ({ port, comment: '', state: 'unknown' })) : [...ports],
      watched: [cam], skipped: [{ cameraId: cameraIdSchema.parse('cam-07'), camera: 'cam-07', why: 'its console is not connected' }], perPortMs: 22_000,
    })),
    find: contract.find.handler(async function* ({ input }) {
      calls.push(`findPorts ${input.unitId} ${input.ports.join(' ')} ${input.confirm ?? ''}`.trim())
      for (const port of input.ports) {
        yield { type: 'cutting' as const, port }
        yield { type: 'seen' as const, port, after: 'on' as const, answered: port === 'ether3' ? [cam] : [], ...(port === 'ether3' ? { match: { port, ...cam } } : {}) }
      }
      yield { type: 'done' as const, matches: input.ports.includes('ether3') ? [{ port: 'ether3', ...cam }] : [] }
    }),
    assign: contract.assign.handler(({ input }) => { calls.push(`assignPorts ${input.unitId} ${input.matches.map(({ port, cameraId }) => `${port}>${cameraId}`).join(' ')}`); return {} }),
  }
}
