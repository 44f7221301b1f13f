import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { createUploadDesk } from '../../src/main/composition/tftpDoor.ts'
import { readSocs } from '../../src/main/composition/restoreDesk.ts'
import type { DumpBench, DumpOutput, UploadDesk } from '../../src/main/core/workflows/dump/dumpBench.ts'
import { planDump } from '../../src/main/core/workflows/dump/dumpPlan.ts'
import { runDump } from '../../src/main/core/workflows/dump/dumpWorkflow.ts'
import { buildBootBlob, parseBootProfile } from '../../src/main/core/workflows/restore/bootBlob.ts'
import { inspectDumpPlace, openHiddenDump } from '../../src/main/drivers/files/dumpFolder.ts'
import { readUbootContents } from '../../src/main/drivers/files/ubootContents.ts'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import { createMemoryNetwork } from '../../src/main/sim/memoryNetwork.ts'
import { bootStandIns } from '../../src/main/sim/standIns.ts'
import type { DatagramNetwork } from '../../src/shared/devices/datagram.ts'
import { cameraIdSchema, podIdSchema, type JobId } from '../../src/shared/devices/ids.ts'
import { type DumpPlan, type DumpRequest, dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import socs from '../../resources/soc.json' with { type: 'json' }
import type { VirtualClock } from './virtualClock.ts'
import { createRig, type Rig, type RigOptions } from './restoreRig.ts'

export interface DumpRigOptions extends Omit<RigOptions, 'network'> {
  /** False: nothing but the pod answers the camera. */
  readonly hasRoute?: boolean
  /** What arrives, changed. `count` is 1 for the first upload. */
  readonly tamper?: (bytes: Uint8Array, count: number) => Uint8Array
  readonly restorableBytes?: number
  /** The disk, changed. */
  readonly disk?: (output: DumpOutput) => DumpOutput
}

export interface DumpRig extends Rig {
  /** An empty folder of this test. */
  readonly folder: string
  planDump(more?: Partial<DumpRequest>): Promise<DumpPlan>
  startDump(more?: Partial<DumpRequest>): Promise<JobId>
  dump(more?: Partial<DumpRequest>): Promise<Job>
}

const serverAddress = '10.0.0.1'
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const tools = {
  hashHex: (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex'),
  parseYaml: (text: string): unknown => parseYaml(text) as unknown,
}
const { hashHex } = tools

/** The product's dump of a simulated camera: memory console, memory network, virtual clock; the files are real. */
export async function openDumpRig(options: DumpRigOptions = {}): Promise<DumpRig> {
  const { hasRoute = true, tamper = (bytes) => bytes, disk = (output) => output, ...more } = options
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-dump-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  let network: DatagramNetwork | undefined
  const rig = createRig({ ...more, network: (clock) => (network = createMemoryNetwork({ clock })) })
  onTestFinished(async () => rig.close())
  const { clock, pod } = rig
  const soc = readSocs(socs).get('hi3516ev300')
  if (!soc || !network) throw new Error('no figures')
  const lab = network
  const standIns = bootStandIns()
  const blob = buildBootBlob(soc, parseBootProfile(standIns.profileJson, 'stand-in'), standIns.uboot)
  let token = 0
  let uploads = 0

  const plan = async (request: Partial<DumpRequest> = {}): Promise<DumpPlan> => {
    const whole = dumpRequestSchema.parse({ cameraId: cameraIdSchema.parse('cam-1'), outputPath: join(folder, 'dump'), ...request })
    return planDump({
      request: whole, cameraName: 'cam-1', podName: 'pod-1', chip: 'hi3516ev300', soc, flashBytes: 0, hasPod: true,
      output: await inspectDumpPlace(whole.outputPath, whole.form).catch((error: unknown) => { if (error instanceof WorkbenchError) return error; throw error }),
      boot: { method: 'pod', profile: 'stand-in', uboot: 'stand-in', blob, problems: [] },
      hostAddress: { address: serverAddress, reason: 'test' }, hostPort: 6969,
    }, { hashHex }).plan
  }
  const openUploads = async (made: DumpPlan): Promise<UploadDesk> => {
    const watched = new Map<string, (doneBytes: number) => void>()
    const server = await openTftpServer({
      network: lab, address: hasRoute ? serverAddress : '10.9.9.9', port: 6969, clock,
      onEvent: (event) => { if (event.direction === 'upload') watched.get(event.name)?.(event.doneBytes) },
    })
    const desk = createUploadDesk(server, made.tftp ?? { serverAddress: '', cameraAddress: '' }, watched)
    return {
      ...desk, close: async () => server.close(),
      receive: (name, maxBytes, onProgress) => {
        const place = desk.receive(name, maxBytes, onProgress)
        return { ...place, bytes: place.bytes.then((bytes) => tamper(bytes, (uploads += 1))) }
      },
    }
  }
  const start = async (request: Partial<DumpRequest> = {}): Promise<JobId> => {
    const made = await plan(request)
    if (made.refusals[0]) throw new Error(`refused: ${made.refusals[0].message}`)
    const bench: DumpBench = {
      plan: made, clock, hashHex, ...(options.restorableBytes === undefined ? {} : { restorableBytes: options.restorableBytes }), ubootVersionsIn: (bytes) => readUbootContents(bytes).versions, newToken: () => `t${(token += 1)}`, newPoison: () => (0x1234_0000 + (token += 1) * 0x0101_0101) >>> 0,
      starter: { method: 'pod', blob, fastboot: async (bytes, signal) => pod.pod.fastboot(bytes, signal), powerCycle: async (signal) => pod.pod.power('cycle', signal) },
      takeLease: async (signal) => rig.leases.take('pod-1', 'Dump', signal),
      openConsole: async (signal) => {
        const line = await rig.console.exclusive('dump', signal)
        return { ...line, tail: () => rig.console.tail(4096), release: async () => line.release() }
      },
      openOutput: async (signal) => disk(onRealDisk(await clock.whileReal(openHiddenDump(made.output.path, made.request.form, signal)), clock)),
      openUploads: async () => openUploads(made),
    }
    return rig.jobs.start({
      workflow: 'dump', title: 'Dump cam-1', pod: podIdSchema.parse('pod-1'), camera: cameraIdSchema.parse('cam-1'), plan: made,
      run: async (context) => runDump(bench, context),
    })
  }
  return { ...rig, folder, planDump: plan, startDump: start, dump: async (request) => rig.finish(await start(request)) }
}

/** The files are real, and the clock is not. */
function onRealDisk(output: DumpOutput, clock: VirtualClock): DumpOutput {
  const { whileReal } = clock
  return {
    pathOf: output.pathOf,
    freeBytes: async () => whileReal(output.freeBytes()),
    publish: async (files, signal) => whileReal(output.publish(files, signal)),
    close: async (keep) => whileReal(output.close(keep)),
    file: async (name) => {
      const file = await whileReal(output.file(name))
      return {
        read: async (at, lengthBytes, signal) => whileReal(file.read(at, lengthBytes, signal)),
        write: async (at, bytes, signal) => whileReal(file.write(at, bytes, signal)),
      }
    },
  }
}
