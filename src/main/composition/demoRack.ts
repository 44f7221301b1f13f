import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cameraIdSchema, podIdSchema } from '../../shared/devices/ids.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { PodDevices, PodSpec, RackBook } from '../core/rack/rackBook.ts'
import { createUdpNetwork } from '../drivers/tftp/udpNetwork.ts'
import { createScaledClock } from '../drivers/host/systemClock.ts'
import { createRackPodPower } from '../drivers/power/rackPodPower.ts'
import { writeDemoRelease } from '../sim/demoRelease.ts'
import { createSimRack, type SimPodHandle, type SimRack } from '../sim/simRack.ts'
import { writeReferenceLayout } from '../sim/referenceLayout.ts'
import { writeBootStandIns } from '../sim/standIns.ts'

export const demoCameras = 12
/** One of each kind of trouble, so that a failed proof can be seen without breaking hardware. */
const demoFaults = ['flash-page-wrong@pod-9', 'boot-loop@pod-4']

/** The measured times of real cameras, this much faster: a restore can be watched, and nobody waits for it. */
const demoPace = 12

export interface DemoRack {
  close(): Promise<void>
}

/** Twelve simulated pods in this process, in memory: no port is opened, and nothing outside notices. */
export async function openDemoRack(rack: RackBook, deps: { readonly clock: Clock; readonly folder: string; readonly log: (line: string) => void }): Promise<DemoRack> {
  await mkdir(deps.folder, { recursive: true })
  const { profile, uboot } = await writeBootStandIns(deps.folder)
  const clock = createScaledClock(deps.clock, demoPace)
  const imagesFolder = join(deps.folder, 'images')
  const files = { bootFiles: { profilePath: profile, ubootPath: uboot }, imagesFolder }
  await writeReferenceLayout(imagesFolder)
  await writeDemoRelease(join(deps.folder, 'openipc.hi3516ev300-nor-demo.tgz'))
  await writeFile(join(deps.folder, 'README.txt'), 'Made by Rackbench for its demo rack. Nothing in here runs on a real camera.\n')
  const sim = createSimRack({ clock, pods: demoCameras, speed: 'real', faults: demoFaults, lively: true, network: createUdpNetwork(), log: deps.log })
  sim.pods.forEach((pod, index) => { rack.add(specOf(pod, index), devicesOf(pod, files, clock)) })
  return { close: async () => closeDemo(rack, sim) }
}

const idOf = (index: number): string => String(index + 1).padStart(2, '0')

const specOf = (pod: SimPodHandle, index: number): PodSpec => ({
  id: podIdSchema.parse(`demo-pod-${idOf(index)}`), name: `pod-${idOf(index)}`, url: `simulated://${pod.id}`,
  cameraId: cameraIdSchema.parse(`demo-cam-${idOf(index)}`), cameraName: `cam-${idOf(index)}`, chip: pod.camera.chip,
})

const devicesOf = (handle: SimPodHandle, files: Pick<PodDevices, 'bootFiles' | 'imagesFolder'>, clock: Clock): PodDevices => ({
  pod: handle.pod, power: createRackPodPower({ pod: handle.pod, clock }), openConsole: handle.openConsole, resource: `simulated ${handle.id}`,
  simulated: true, flashBytes: handle.camera.flashMb * 1048576, watts: () => handle.watts(), ...files,
})

async function closeDemo(rack: RackBook, sim: SimRack): Promise<void> {
  for (const spec of rack.pods()) if (spec.url.startsWith('simulated://')) await rack.remove(spec.id)
  await sim.close()
}
