import { implement } from '@orpc/server'
import { changedInventory } from '../../src/main/core/rack/inventory.ts'
import type { SessionId } from '../../src/shared/captures/captures.schema.ts'
import { inventoryContract } from '../../src/shared/contracts/inventory.contract.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { IdentifyPlan } from '../../src/shared/rack/identify.schema.ts'
import type { RackImportView } from '../../src/shared/rack/rackImport.schema.ts'
import type { CameraView } from '../../src/shared/rack/rackView.schema.ts'

export interface FixtureInventoryDeps {
  readonly calls: string[]
  readonly change: (camera: CameraId, more: (view: CameraView) => CameraView) => void
  readonly cameraOf: (camera: CameraId) => CameraView | undefined
  readonly sessionOf: (camera: CameraId) => SessionId | undefined
}

const atMs = Date.UTC(2026, 4, 12, 8, 30)

/** What the window asks of the inventory, over the rack of the pictures. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is oRPC's
export function fixtureInventory({ calls, change, cameraOf, sessionOf }: FixtureInventoryDeps) {
  const contract = implement(inventoryContract)
  const planOf = (text: string): RackImportView => ({
    hash: 'a'.repeat(64), notes: [], untouched: [{ podId: 'pod-2', camera: 'cam-02', pod: 'pod-2' }], unchanged: [{ podId: 'pod-3', camera: 'cam-03', pod: 'pod-3' }],
    added: [{ podId: 'pod-40', camera: 'cam-40', pod: 'pod-40', address: 'rack://10.216.128.40' }],
    changed: [{ podId: 'pod-1', camera: 'cam-01', pod: 'pod-1', changes: [{ field: 'labels', from: 'none', to: 'qa, lens=4mm' }, { field: 'group', from: 'none', to: 'hall 2' }] }],
    problems: text.includes('wrong') ? [{ line: 7, message: '"colour" is no key of a rack file' }] : [],
  })
  return {
    change: contract.change.handler(({ input }) => {
      calls.push(`inventory ${input.cameraId} ${JSON.stringify(input.change)}`)
      if (!cameraOf(input.cameraId)) throw new WorkbenchError('input/not-found', `There is no camera ${input.cameraId} in the rack`)
      change(input.cameraId, (view) => ({ ...view, inventory: changedInventory(view.inventory, input.change, atMs) }))
      return {}
    }),
    setMany: contract.setMany.handler(({ input: { cameraIds, ...wish } }) => {
      calls.push(`inventory of ${String(cameraIds.length)} ${JSON.stringify(wish)}`)
      return cameraIds.map((cameraId, index) => {
        const labels = [...new Set([...(cameraOf(cameraId)?.inventory?.labels ?? []).filter((label) => !wish.removeLabels.includes(label)), ...wish.addLabels])]
        if (index !== 1) change(cameraId, (view) => ({ ...view, inventory: changedInventory(view.inventory, { labels, ...(wish.group === undefined ? {} : { group: wish.group }), ...(wish.maintenance === undefined ? {} : { maintenance: wish.maintenance }) }, atMs) }))
        return { cameraId, camera: cameraId, state: index === 1 ? 'failed' as const : 'changed' as const, note: index === 1 ? 'It would have 33 labels, and a camera has at most 32' : '' }
      })
    }),
    identity: contract.identity.handler(({ input }) => {
      const known = { field: 'mac', value: '02:1a:7f:33:40:01', atMs, job: `Dump ${input.cameraId}` } as const
      const more = [{ field: 'soc', value: 'hi3516ev300', atMs, job: `Restore ${input.cameraId}` }, { field: 'jedecId', value: 'ef4018', atMs, job: `Restore ${input.cameraId}` }, { field: 'ubootVersion', value: 'U-Boot 2016.11 (OpenIPC)', atMs, job: `Restore ${input.cameraId}` }] as const
      if (input.cameraId === 'cam-03') return { known: [], differences: [] }
      return { known: [known, ...more], differences: input.cameraId === 'cam-04' ? [{ field: 'mac', known: known.value, found: '02:1a:7f:33:40:99', knownAtMs: atMs, foundAtMs: atMs + 3_600_000 }] : [] }
    }),
    board: contract.board.handler(({ input }) => {
      const session = sessionOf(input.cameraId)
      if (!session || input.cameraId === 'cam-03') return { facts: [], note: 'The search index is still being made' }
      const said = { atMs, session, offset: 0 } as const
      return { heardAtMs: atMs + 3_600_000, note: '', facts: [
        { fact: 'sensor', text: 'imx307', ...said }, { fact: 'flash', text: 'W25Q128, 16 MiB', ...said }, { fact: 'partitions', text: 'hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)', ...said },
        { fact: 'firmware', text: 'Linux version 4.9.37 (runner@builder) (gcc version 12.3.0 (Buildroot)) #1 Sun May 10 04:11:52 UTC 2026', ...said },
      ] }
    }),
    discover: contract.discover.handler(() => ({ adapters: [], problem: '', places: [{ kind: 'pod', name: 'rack-node-001', host: 'rack-node-001.local', address: 'rack://10.216.128.80' }, { kind: 'pod', name: 'rack-node-002', host: 'rack-node-002.local', address: 'rack://10.216.128.69', usedBy: 'cam-01' }, { kind: 'other', name: 'printer', host: 'printer.local', address: 'rack://10.216.128.9?api=80' }] })),
    planIdentify: contract.planIdentify.handler(({ input }) => identifyPlanOf(input.cameraIds, cameraOf)),
    identify: contract.identify.handler(async function* ({ input }) {
      calls.push(`identify ${input.agreed.join(' ')}`)
      // The wires of the last two are crossed, and the first one says nothing.
      const [silent] = input.agreed
      const crossed = input.agreed.slice(-2)
      const consoleOf = (port: CameraId): CameraId => (crossed.includes(port) ? crossed.find((other) => other !== port) ?? port : port)
      const matches = input.agreed.filter((port) => port !== silent).map((port) => ({ port, console: consoleOf(port) }))
      for (const port of input.agreed) {
        const named = { cameraId: port, camera: port, power: `the port of ${port}` }
        const match = matches.find((each) => each.port === port)
        yield { type: 'cutting' as const, ...named }
        yield { type: 'seen' as const, ...named, answered: match ? [{ cameraId: match.console, camera: match.console }] : [], ...(match ? { match } : {}) }
      }
      yield { type: 'done' as const, matches }
    }),
    assignPower: contract.assignPower.handler(({ input }) => { calls.push(`assign ${input.matches.map(({ port, console }) => `${port}>${console}`).join(' ')}`); return {} }),
    exportYaml: contract.exportYaml.handler(() => ({ text: 'rackbench: 1\npods: []\n', pods: 12 })),
    planImport: contract.planImport.handler(({ input }) => planOf(input.text)),
    importYaml: contract.importYaml.handler(({ input }) => { calls.push('importYaml'); return planOf(input.text) }),
  }
}

function identifyPlanOf(cameraIds: readonly CameraId[], cameraOf: FixtureInventoryDeps['cameraOf']): IdentifyPlan {
  const whyNot = (id: CameraId): string | undefined => {
    const camera = cameraOf(id)
    if (camera?.leaseHolder !== undefined) return `it is in use by ${camera.leaseHolder}`
    return camera?.inventory?.maintenance ? `${camera.name} is in maintenance: ${camera.inventory.maintenance.note}` : undefined
  }
  const open = cameraIds.filter((id) => whyNot(id) === undefined)
  return {
    cuts: open.map((cameraId) => ({ cameraId, camera: cameraId, power: `the port of ${cameraId}` })), watched: open.map((cameraId) => ({ cameraId, camera: cameraId })),
    skipped: cameraIds.flatMap((cameraId) => { const why = whyNot(cameraId); return why === undefined ? [] : [{ cameraId, camera: cameraId, why }] }), forecastMs: 22_000 * open.length,
  }
}
