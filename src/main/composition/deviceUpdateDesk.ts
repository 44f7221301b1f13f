import { join } from 'node:path'
import { type WireError, toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { isFinished, type Job } from '../../shared/jobs/reduceJob.ts'
import { createBell } from '../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { type JobId, podIdSchema } from '../../shared/devices/ids.ts'
import { type NewUpdateDevice, type UpdateDevice, type UpdateDeviceId, updateDeviceIdSchema, type UpdateDevicesFile, updateDevicesFileSchema, type UpdateDeviceView, type UpdateKind, type UpdatePlan, type UpdateRelease, type UpdateWish } from '../../shared/ota/deviceUpdate.schema.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import { checkUpdateStartable, planUpdate } from '../core/workflows/update/updatePlan.ts'
import { runUpdate, type ToldVersion } from '../core/workflows/update/updateWorkflow.ts'
import { hashHex, newToken } from '../drivers/host/randomness.ts'
import { createWholeFile } from '../drivers/storage/wholeFile.ts'
import type { UpdateWay } from './updateWay.ts'

export interface DeviceUpdateDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly jobs: JobBook
  readonly leases: Leases
  readonly ways: Readonly<Record<UpdateKind, UpdateWay>>
}

export interface DeviceUpdateDesk {
  list(): Promise<UpdateDeviceView[]>
  watch(signal: AbortSignal): AsyncGenerator<UpdateDeviceView[], void, void>
  add(device: NewUpdateDevice): Promise<{ id: UpdateDeviceId }>
  /** For as long as the demo is open, and reached in a way of its own where it has one. Result: take it away. */
  addDemo(device: NewUpdateDevice & { readonly id: UpdateDeviceId }, way?: UpdateWay): () => void
  remove(id: UpdateDeviceId): Promise<void>
  /** Asks the device; why it does not answer stands in the view. */
  read(id: UpdateDeviceId, signal: AbortSignal): Promise<UpdateDeviceView>
  /** Only of a device that is told by its key. */
  acceptKey(id: UpdateDeviceId, hostKeySha256: string, signal: AbortSignal): Promise<UpdateDeviceView>
  releases(id: UpdateDeviceId, signal: AbortSignal): Promise<UpdateRelease[]>
  plan(wish: UpdateWish, signal: AbortSignal): Promise<UpdatePlan>
  start(wish: UpdateWish, planHash: string, signal: AbortSignal): Promise<JobId>
}

const readLimitMs = 30_000
/** Another process with this data folder rings no bell here. */
const lookEveryMs = 5_000

export function createDeviceUpdateDesk({ clock, dataFolder, jobs, leases, ways }: DeviceUpdateDeskDeps): DeviceUpdateDesk {
  const file = createWholeFile<UpdateDevicesFile>({ path: join(dataFolder, 'update-devices.json'), schema: updateDevicesFileSchema, first: { version: 1, devices: [] }, hint: 'Mend it or move it away; the list of appliances and boards then starts empty' })
  const demo = new Map<UpdateDeviceId, UpdateDevice>()
  const demoWays = new Map<UpdateDeviceId, UpdateWay>()
  const wayOf = ({ id, kind }: Pick<UpdateDevice, 'id' | 'kind'>): UpdateWay => demoWays.get(id) ?? ways[kind]
  const problems = new Map<UpdateDeviceId, WireError>()
  const bell = createBell()
  jobs.listen((job, event) => { if (job.workflow === 'update' && event.type.startsWith('job-')) bell.ring() })

  const lastJobOf = (id: UpdateDeviceId): Job | undefined => jobs.list().find((job) => job.workflow === 'update' && job.camera === id)
  const viewOf = (device: UpdateDevice): UpdateDeviceView => {
    const [problem, lastJob] = [problems.get(device.id), lastJobOf(device.id)?.id]
    return { ...device, isDemo: demo.has(device.id), ...(problem ? { problem } : {}), ...(lastJob === undefined ? {} : { lastJob }) }
  }
  const all = async (): Promise<UpdateDevice[]> => [...demo.values(), ...(await file.read()).devices]
  const deviceOf = async (id: UpdateDeviceId): Promise<UpdateDevice> => {
    const found = (await all()).find((device) => device.id === id)
    if (!found) throw new WorkbenchError('input/not-found', `There is no device ${id}`, { context: { device: id } })
    return found
  }
  const remember = async (id: UpdateDeviceId, told: ToldVersion): Promise<void> => {
    problems.delete(id)
    const change = (device: UpdateDevice): UpdateDevice => (device.id === id ? { ...device, reading: { ...kept(device, told), atMs: clock.wallMs() } } : device)
    const here = demo.get(id)
    if (here) demo.set(id, change(here))
    else if ((await file.read()).devices.some((device) => device.id === id)) await file.change((now) => ({ ...now, devices: now.devices.map(change) }))
    bell.ring()
  }
  const ask = async (device: UpdateDevice, signal: AbortSignal): Promise<ToldVersion> => {
    try {
      const told = kept(device, await withDeadline(clock, readLimitMs, `an answer of ${device.name}`, signal, async (within) => wayOf(device).read(device, within)))
      await remember(device.id, told)
      return told
    } catch (error) {
      if (!signal.aborted) { problems.set(device.id, toWire(error)); bell.ring() }
      throw error
    }
  }
  const refuseBusy = ({ id, name }: UpdateDevice): void => {
    const job = lastJobOf(id)
    if (job && !isFinished(job)) throw new WorkbenchError('pod/busy', `${name} is in use by "${job.title}" (job ${job.id})`, { context: { job: job.id }, hint: 'Wait for it to end, or cancel it' })
  }
  const plan = async (wish: UpdateWish, signal: AbortSignal): Promise<{ readonly plan: UpdatePlan; readonly device: UpdateDevice }> => {
    const known = await deviceOf(wish.deviceId)
    refuseBusy(known)
    const told = await ask(known, signal)
    const device = await deviceOf(wish.deviceId)
    return { device, plan: planUpdate({ wish, device, told, parts: await wayOf(device).plan(device, wish, told, signal) }, hashHex) }
  }
  return {
    list: async () => (await all()).map(viewOf),
    watch: async function* (signal) {
      while (!signal.aborted) {
        const next = bell.next(signal)
        next.catch(() => undefined)
        yield (await all()).map(viewOf)
        const patience = new AbortController()
        await Promise.race([next, clock.sleep(lookEveryMs, AbortSignal.any([signal, patience.signal]))]).catch(() => undefined)
        patience.abort()
      }
    },
    add: async (given) => {
      ways[given.kind].check(given)
      const id = updateDeviceIdSchema.parse(`device-${newToken()}`)
      if ((await all()).some(({ name }) => name === given.name)) throw new WorkbenchError('input/conflict', `There is a device ${given.name} already`, { hint: 'Choose another name' })
      await file.change((now) => ({ ...now, devices: [...now.devices, { ...given, id }] }))
      bell.ring()
      return { id }
    },
    addDemo: (device, way) => {
      demo.set(device.id, device)
      if (way) demoWays.set(device.id, way)
      bell.ring()
      return () => { demo.delete(device.id); demoWays.delete(device.id); problems.delete(device.id); bell.ring() }
    },
    remove: async (id) => {
      const device = await deviceOf(id)
      refuseBusy(device)
      if (demo.has(id)) throw new WorkbenchError('input/not-supported', `${device.name} is of the demo and goes with it`, { hint: 'Close the demo' })
      await file.change((now) => ({ ...now, devices: now.devices.filter((each) => each.id !== id) }))
      problems.delete(id)
      bell.ring()
    },
    read: async (id, signal) => {
      const device = await deviceOf(id)
      const job = lastJobOf(id)
      // While a job has it the job reads it.
      if (!job || isFinished(job)) await ask(device, signal).catch((error: unknown) => { signal.throwIfAborted(); if (!(error instanceof WorkbenchError)) throw error })
      return viewOf(await deviceOf(id))
    },
    acceptKey: async (id, hostKeySha256, signal) => {
      const device = await deviceOf(id)
      refuseBusy(device)
      const { acceptKey } = wayOf(device)
      if (!acceptKey) throw new WorkbenchError('input/not-supported', `${device.name} is not told by a host key`)
      await withDeadline(clock, readLimitMs, `a login at ${device.name}`, signal, async (within) => acceptKey(device, hostKeySha256, within))
      await ask(device, signal)
      return viewOf(await deviceOf(id))
    },
    releases: async (id, signal) => { const device = await deviceOf(id); return wayOf(device).releases(device, signal) },
    plan: async (wish, signal) => (await plan(wish, signal)).plan,
    start: async (wish, planHash, signal) => {
      const { plan: now, device } = await plan(wish, signal)
      checkUpdateStartable(now, planHash)
      refuseBusy(device)
      return jobs.start({
        workflow: 'update', title: wish.act === 'update' ? `Update ${device.name} to ${wish.version}` : `Roll ${device.name} back to ${wish.version}`, pod: podIdSchema.parse(device.id), camera: device.id, plan: now,
        run: async (context) => runUpdate({
          plan: now, ...wayOf(device).bench(device, now),
          takeLease: async (within) => leases.take(wayOf(device).resource?.(device) ?? `update of ${device.address}`, `Update of ${device.name} (job ${context.jobId})`, within),
          heard: async (told) => remember(device.id, told),
        }, context),
      })
    },
  }
}

/** A board does not know what it ran before; the list does, from the reading before. */
function kept({ kind, reading }: UpdateDevice, told: ToldVersion): ToldVersion {
  if (kind === 'appliance' || told.version === undefined) return told
  const isSame = reading?.version === told.version
  const previous = isSame ? reading?.previous : reading?.version ?? reading?.previous
  const recovered = told.recovered ?? (isSame ? reading?.recovered : undefined)
  return { version: told.version, ...(previous === undefined ? {} : { previous }), ...(recovered === undefined ? {} : { recovered }) }
}
