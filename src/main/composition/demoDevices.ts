import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { createDeferred } from '../../shared/lifecycle/signals.ts'
import { updateDeviceIdSchema } from '../../shared/ota/deviceUpdate.schema.ts'
import { writeZip } from '../drivers/files/zipFile.ts'
import { appliancePackageParts, createSimAppliance } from '../sim/appliance/applianceTree.ts'
import { openMicroPythonBoard } from '../sim/microPythonBoard.ts'
import type { DeviceUpdateDesk } from './deviceUpdateDesk.ts'
import { type DemoGatewayDeps, openDemoGateway } from './demoGateway.ts'
import { makeReleaseManifest } from './releaseTools.ts'
import { runUpdater } from './updaterService.ts'

export const demoApplianceId = updateDeviceIdSchema.parse('demo-appliance')
export const demoBoardId = updateDeviceIdSchema.parse('demo-board')
const mostPackageBytes = 1024 * 1024

export interface DemoDevicesDeps extends DemoGatewayDeps {
  readonly desk: DeviceUpdateDesk
  readonly fetch: typeof globalThis.fetch
  readonly log: (line: string) => void
}

/** An appliance with our updater, one behind SSH and a real MicroPython, of this computer alone; in a folder that goes with them. */
export async function openDemoDevices({ desk, fetch, log, clock, audit }: DemoDevicesDeps, signal: AbortSignal): Promise<{ close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-demo-'))
  const open: (() => Promise<void>)[] = [async () => rm(folder, { recursive: true, force: true })]
  const close = async (): Promise<void> => { for (const each of open.splice(0).reverse()) await each() }
  try {
    const releases = await writePackages(folder, signal)
    open.push(await openAppliance(folder, releases, { desk, fetch, log }))
    open.push(await openDemoGateway(folder, releases, { desk, clock, audit }))
    // Where MicroPython is not at hand the appliance is shown all the same.
    const board = await openBoard(folder, desk, signal).catch((error: unknown) => { log(`the demo has no board: ${error instanceof WorkbenchError ? error.message : String(error)}`); return undefined })
    if (board) open.push(board)
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

/** 1.2.0 is well, and of 1.3.0 one service dies. */
async function writePackages(folder: string, signal: AbortSignal): Promise<string> {
  const releases = join(folder, 'packages')
  for (const [version, conduct] of [['1.2.0', 'works'], ['1.3.0', 'dies 1500']] as const) {
    await makeFolders(join(releases, 'stable'))
    await writeZip(join(releases, 'stable', `appliance-${version}.zip`), appliancePackageParts(version, conduct), mostPackageBytes, signal)
  }
  return releases
}

/** It runs 1.1.0 and can go back to 1.0.0. */
async function openAppliance(folder: string, releases: string, { desk, fetch, log }: Pick<DemoDevicesDeps, 'desk' | 'fetch' | 'log'>): Promise<() => Promise<void>> {
  const root = join(folder, 'appliance')
  await mkdir(root)
  const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
  const [over, ready] = [new AbortController(), createDeferred<string>()]
  const running = runUpdater({
    root, systemctl, host: '127.0.0.1', port: 0, report: 'none', lab: false, allowsCommands: false,
    log: () => undefined, ready: ({ url }) => { ready.resolve(url) },
  }, fetch, over.signal)
  running.catch((error: unknown) => { ready.reject(error); log(`the demo's updater ended: ${String(error)}`) })
  const address = await ready.promise
  const leave = desk.addDemo({ id: demoApplianceId, name: 'sim-appliance', kind: 'appliance', address, releases, channel: 'stable', hostAddress: '127.0.0.1' })
  return async () => {
    leave()
    over.abort()
    await running.catch(() => undefined)
  }
}

const firmware: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'v1.0.0': { 'main.py': "print('blink, every second')\n", 'lib/blink.py': 'period = 1.0\n', 'lib/legacy.py': 'unused = True\n' },
  'v1.1.0': { 'main.py': "print('blink, twice a second')\n", 'lib/blink.py': 'period = 0.5\n', 'lib/colour.py': "colour = 'green'\n" },
}

/** It begins with 1.0.0. */
async function openBoard(folder: string, desk: DeviceUpdateDesk, signal: AbortSignal): Promise<() => Promise<void>> {
  const releases = join(folder, 'firmware')
  for (const [version, files] of Object.entries(firmware)) {
    for (const [path, text] of Object.entries(files)) {
      const at = join(releases, 'stable', version, path)
      await makeFolders(dirname(at))
      await writeFile(at, text)
    }
    const leaves = Object.entries(firmware).flatMap(([other, theirs]) => (other === version ? [] : Object.keys(theirs).filter((path) => !(path in files))))
    const deletesPath = join(releases, `${version}.deletes`)
    await writeFile(deletesPath, leaves.join('\n'))
    await makeReleaseManifest({ folder: join(releases, 'stable', version), version, include: ['**'], exclude: [], deletesPath, generatedAt: '2026-01-02T03:04:05Z' }, signal)
  }
  const board = await openMicroPythonBoard({ rawPaste: 'works' })
  for (const [path, text] of Object.entries(firmware['v1.0.0'] ?? {})) {
    board.python(`import os\nfor d in ${JSON.stringify(path.includes('/') ? [`/${dirname(path)}`] : [])}:\n try:os.mkdir(d)\n except OSError:pass\nf=open(${JSON.stringify(`/${path}`)},'w');f.write(${JSON.stringify(text)});f.close()`)
  }
  board.python(`f=open('/version.json','w');f.write(${JSON.stringify(JSON.stringify({ ref: 'v1.0.0', commit: '' }))});f.close()`)
  const leave = desk.addDemo({ id: demoBoardId, name: 'sim-board', kind: 'board', address: `tcp://127.0.0.1:${String(board.port)}`, releases, channel: 'stable', hostAddress: '127.0.0.1' })
  return async () => { leave(); await board.close() }
}
