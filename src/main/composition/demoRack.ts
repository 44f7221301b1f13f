import { writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import { cameraIdSchema, podIdSchema } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { Inventory } from '../../shared/rack/inventory.schema.ts'
import type { PodDevices, PodSpec, RackBook } from '../core/rack/rackBook.ts'
import { createUdpNetwork } from '../drivers/tftp/udpNetwork.ts'
import { createScaledClock } from '../drivers/host/systemClock.ts'
import { createRackPodPower } from '../drivers/power/rackPodPower.ts'
import { writeDemoNight } from '../sim/demoFirmware.ts'
import { writeDemoRelease } from '../sim/demoRelease.ts'
import { createSimRack, type SimPodHandle, type SimRack } from '../sim/simRack.ts'
import { writeReferenceLayout } from '../sim/referenceLayout.ts'
import { createSnapshotHttp } from '../sim/snapshotHttp.ts'
import { writeBootStandIns } from '../sim/standIns.ts'

const usualCameras = 12
const mostCameras = 100
/** The number comes from the environment of the host: what is none is as if it were not there. */
export const demoCamerasOf = (wanted: number | undefined): number => (wanted !== undefined && Number.isInteger(wanted) && wanted >= 1 && wanted <= mostCameras ? wanted : usualCameras)
/** The measured times of real cameras, this much faster: a restore can be watched, and nobody waits for it. */
const demoPace = 12
/** A pod hangs up after ten minutes without a key: of those who look, and not of its own fast ones, or each minute would have a gap. */
const demoIdleS = 600 * demoPace
/** One of each kind of trouble, so that a failed proof can be seen without breaking hardware. */
const demoFaults = ['flash-page-wrong@pod-9', 'boot-loop@pod-4', 'picture-text@pod-12', `bridge-idle:${demoIdleS}`]

export interface DemoRack {
  close(): Promise<void>
}

/** Simulated pods in this process, in memory. Only their pictures come over a port, of this computer alone: they are asked for like any camera's. */
export async function openDemoRack(rack: RackBook, deps: { readonly clock: Clock; readonly folder: string; readonly cameras: number; readonly log: (line: string) => void }): Promise<DemoRack> {
  await makeFolders(deps.folder)
  const { profile, uboot } = await writeBootStandIns(deps.folder)
  const clock = createScaledClock(deps.clock, demoPace)
  const imagesFolder = join(deps.folder, 'images')
  const files = { bootFiles: { profilePath: profile, ubootPath: uboot }, imagesFolder }
  await writeReferenceLayout(imagesFolder)
  await writeDemoRelease(join(deps.folder, 'openipc.hi3516ev300-nor-demo.tgz'))
  await writeDemoNight(deps.folder, Array.from({ length: deps.cameras }, (_, index) => `cam-${idOf(index)}`))
  await writeFile(join(deps.folder, 'README.txt'), 'Made by Rackbench for its demo rack. Nothing in here runs on a real camera.\n')
  const sim = createSimRack({ clock, pods: deps.cameras, speed: 'real', faults: demoFaults, lively: true, network: createUdpNetwork(), log: deps.log })
  const pictures = createSnapshotHttp(sim.pods)
  const port = await listen(pictures)
  sim.pods.forEach((pod, index) => { rack.add(specOf(pod, index, port), devicesOf(pod, files, clock)) })
  return { close: async () => closeDemo(rack, sim, pictures) }
}

const idOf = (index: number): string => String(index + 1).padStart(2, '0')

/** Racks of three rows with two slots each. */
const placeOf = (index: number): NonNullable<Inventory['place']> => ({ rack: `Rack ${String.fromCharCode(65 + Math.floor(index / 6))}`, row: Math.floor((index % 6) / 2) + 1, slot: (index % 2) + 1 })

const specOf = (pod: SimPodHandle, index: number, port: number): PodSpec => ({
  id: podIdSchema.parse(`demo-pod-${idOf(index)}`), name: `pod-${idOf(index)}`, url: `simulated://${pod.id}`,
  cameraId: cameraIdSchema.parse(`demo-cam-${idOf(index)}`), cameraName: `cam-${idOf(index)}`, chip: pod.camera.chip,
  snapshotUrl: `http://127.0.0.1:${port}/${index + 1}/image.jpg`, inventory: { labels: [], group: '', notes: '', place: placeOf(index) },
})

const devicesOf = (handle: SimPodHandle, files: Pick<PodDevices, 'bootFiles' | 'imagesFolder'>, clock: Clock): PodDevices => ({
  pod: handle.pod, power: createRackPodPower({ pod: handle.pod, clock }), openConsole: handle.openConsole, resource: `simulated ${handle.id}`,
  simulated: true, flashBytes: handle.camera.flashMb * 1048576, watts: () => handle.watts(), ...files,
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => { reject(new WorkbenchError('host/port-in-use', 'No port for the pictures of the demo rack can be opened', { cause })) })
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

async function closeDemo(rack: RackBook, sim: SimRack, pictures: Server): Promise<void> {
  for (const spec of rack.pods()) if (spec.url.startsWith('simulated://')) await rack.remove(spec.id)
  await sim.close()
  pictures.closeAllConnections()
  await new Promise<void>((resolve) => { pictures.close(() => { resolve() }) })
}
