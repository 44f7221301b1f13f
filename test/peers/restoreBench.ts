import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import type { PodSpec } from '../../src/main/core/rack/rackBook.ts'
import type { JobId } from '../../src/shared/devices/ids.ts'
import type { JobEvent } from '../../src/shared/jobs/jobEvent.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { restoreRequestSchema, type RestorePlan } from '../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../support/freePort.ts'
import { type QemuCamera, qemuFlashBytes, startQemuCamera } from './qemuCamera.ts'

/** xorshift32: the same bytes for the same seed on every machine. */
export function seededBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4)
  let state = seed
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer)
}

/** 16 MiB that this board can start from again: its U-Boot with random bytes behind it, an empty environment, and random content. */
export async function bootableImage(uboot: string, seed: number): Promise<Uint8Array> {
  const image = seededBytes(qemuFlashBytes, seed)
  image.fill(0xff, 0x40000, 0x50000)
  image.set(await readFile(uboot))
  return image
}

export interface RestoreBench {
  readonly workbench: OpenWorkbench
  readonly pod: PodSpec
  camera(): QemuCamera
  flash(): Promise<Buffer>
  writeImage(bytes: Uint8Array): Promise<void>
  /** Of that input, or of what `writeImage` wrote. */
  plan(inputPath?: string): Promise<RestorePlan>
  start(plan: RestorePlan): Promise<JobId>
  /** Resolves when the job has ended; `onEvent` sees what happens meanwhile. */
  end(id: JobId, onEvent?: (event: JobEvent) => void): Promise<Job>
  /** After a power cut: the same flash, at the same address. */
  powerOn(): Promise<void>
}

const never = new AbortController().signal

/** The whole product but its window, with a real U-Boot at the end of the cable and its own TFTP server on a high port. `flash`: what it holds at first. */
export async function openRestoreBench(uboot: string, flash?: Uint8Array): Promise<RestoreBench> {
  const dir = await mkdtemp(join(tmpdir(), 'rackbench-restore-'))
  onTestFinished(async () => rm(dir, { recursive: true }))
  const flashFile = join(dir, 'flash.bin')
  const imagePath = join(dir, 'image.bin')
  if (flash) await writeFile(flashFile, flash)
  const turnOn = async (consolePort = 0): Promise<QemuCamera> => {
    const started = await startQemuCamera({ uboot, flashFile, dir, consolePort, signal: never })
    onTestFinished(async () => started.stop())
    return started
  }
  let camera = await turnOn()
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(dir, 'data'), homeFolder: dir, tftpPort: await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  }, { ask: async () => camera.reset() })
  onTestFinished(async () => workbench.close())
  const pod = workbench.setup.addForNow({ url: `tcp://127.0.0.1:${camera.consolePort}`, name: 'qemu', cameraName: 'qemu', chip: 'hi3516a' })
  const plan = async (inputPath = imagePath): Promise<RestorePlan> => workbench.desk.plan(restoreRequestSchema.parse({
    // The emulator's network: the host is 10.0.2.2 for the board.
    cameraId: pod.cameraId, inputPath, flashType: 'nor', tftpVia: 'host', hostIp: '10.0.2.2', deviceIp: '10.0.2.15',
  }), never)
  return {
    workbench, pod, plan,
    camera: () => camera,
    flash: async () => readFile(flashFile),
    writeImage: async (bytes) => writeFile(imagePath, bytes),
    start: async (made) => workbench.desk.start(made.request, made.hash, never),
    end: async (id, onEvent) => {
      for await (const event of workbench.jobs.events(id, 0, never)) onEvent?.(event)
      return workbench.jobs.get(id)
    },
    powerOn: async () => { camera = await turnOn(camera.consolePort) },
  }
}

/**
 * There is no Linux behind this U-Boot, so nobody will ever see a login. The wait for one takes minutes; a board that
 * restarts again and again ends it as honestly and sooner.
 */
export async function endWithRestarts(bench: RestoreBench, id: JobId): Promise<Job> {
  let again: NodeJS.Timeout | undefined
  try {
    return await bench.end(id, (event) => {
      if (event.type === 'phase-started' && event.phase === 'boot-seen') again = setInterval(() => { void bench.camera().reset() }, 1_500)
    })
  } finally {
    clearInterval(again)
  }
}
