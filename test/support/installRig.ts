import socs from '../../resources/soc.json' with { type: 'json' }
import { readSocs } from '../../src/main/composition/restoreDesk.ts'
import { planInstall, type PreparedInstall } from '../../src/main/core/workflows/install/installPlan.ts'
import { runInstall } from '../../src/main/core/workflows/install/installWorkflow.ts'
import { buildBootBlob, parseBootProfile } from '../../src/main/core/workflows/restore/bootBlob.ts'
import { bytesOfLoad } from '../../src/main/core/workflows/restore/layout.ts'
import { readUbootContents } from '../../src/main/drivers/files/ubootContents.ts'
import { hashHex } from '../../src/main/drivers/host/randomness.ts'
import { readRelease } from '../../src/main/protocols/openipc/release.ts'
import { bootStandIns } from '../../src/main/sim/standIns.ts'
import { cameraIdSchema, type JobId, podIdSchema } from '../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { type InstallRequest, installRequestSchema } from '../../src/shared/install/install.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { type FixtureMember, md5Hex, norRelease } from './releaseFixture.ts'
import type { Rig } from './restoreRig.ts'

export interface InstallMore {
  readonly members?: readonly FixtureMember[]
  readonly request?: Partial<InstallRequest>
  readonly chip?: string
  readonly flashBytes?: number
  readonly uboot?: Uint8Array
  /** Its own U-Boot is stopped, by a hand at its power. */
  readonly isOwnUboot?: boolean
}

/** The product's installation over the simulator's memory face. Random bytes are ones, so that a made address is fe:ff:ff:ff:ff:ff. */
export async function prepareInstall(rig: Rig, { members = norRelease(), request, chip = 'hi3516ev300', flashBytes = 16 * 1024 * 1024, uboot, isOwnUboot = false }: InstallMore = {}): Promise<PreparedInstall> {
  const soc = readSocs(socs).get(chip)
  const standIns = bootStandIns()
  const image = uboot ?? standIns.uboot
  const store = await rig.clock.run(rig.pod.pod.store(new AbortController().signal))
  const blob = soc && buildBootBlob(soc, parseBootProfile(standIns.profileJson, 'stand-in'), standIns.uboot)
  return planInstall({
    request: installRequestSchema.parse({ cameraId: cameraIdSchema.parse('cam-1'), releasePath: '/release.tgz', ...request }),
    cameraName: 'cam-1', podName: 'pod-1', chip, soc, flashBytes, release: attempt(() => readRelease(members, { md5Hex })), uboot: image, ubootContents: readUbootContents(image),
    boot: isOwnUboot ? { method: 'manual', profile: '', uboot: '', blob: undefined, problems: [] } : { method: 'pod', profile: 'stand-in', uboot: 'stand-in', blob, problems: [] },
    tftp: { hasPod: true, store, hostAddress: { address: '192.168.1.10', reason: 'test' }, hostPort: 69 },
  }, { hashHex })
}

export async function startInstall(rig: Rig, more: InstallMore = {}): Promise<JobId> {
  const { plan, loads, blob } = await prepareInstall(rig, more)
  if (plan.refusals[0]) throw new Error(`refused: ${plan.refusals[0].message}`)
  return rig.jobs.start({
    workflow: 'install', title: 'Install on cam-1', pod: podIdSchema.parse('pod-1'), camera: cameraIdSchema.parse('cam-1'), plan,
    run: async (context) => runInstall({
      plan, loads, imageOf: bytesOfLoad, randomBytes: (count) => new Uint8Array(count).fill(0xff), versions: readUbootContents(more.uboot ?? bootStandIns().uboot).versions,
      ...rig.use(`Installation (job ${context.jobId})`, plan.tftp, blob),
      ...(more.isOwnUboot === true ? { starter: { method: 'manual', ask: async (_: string, signal: AbortSignal) => rig.pod.pod.power('cycle', signal) } as const } : {}),
    }, context),
  })
}

export const install = async (rig: Rig, more: InstallMore = {}): Promise<Job> => rig.finish(await startInstall(rig, more))

function attempt<T>(work: () => T): T | WorkbenchError {
  try {
    return work()
  } catch (error) {
    if (error instanceof WorkbenchError) return error
    throw error
  }
}
