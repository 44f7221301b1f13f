import { z } from 'zod'
import { cameraIdSchema, jobIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { plannedPartitionSchema, plannedPhaseSchema } from '../restore/restore.schema.ts'

/** An appliance is reached through its updater, a board over its console. */
export const updateKindSchema = z.enum(['appliance', 'board'])
export type UpdateKind = z.infer<typeof updateKindSchema>

/** Of the same alphabet as a camera's: jobs name both alike. */
export const updateDeviceIdSchema = cameraIdSchema
export type UpdateDeviceId = z.infer<typeof updateDeviceIdSchema>

/** As a device tells it, or a folder is called: bounded, and without anything that leaves a folder. */
export const releaseVersionSchema = z.string().regex(/^[\w.+-]{1,64}$/, 'is no version').refine((text) => !/^\.+$/.test(text), 'is no version')
export const updateChannelSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'is no name of a channel')

export const newUpdateDeviceSchema = z.object({
  name: z.string().trim().min(1).max(64),
  kind: updateKindSchema,
  /** `http://192.168.1.20:12315` of an updater, `ssh://user@192.168.1.20` without one; `/dev/ttyACM0`, `COM3`, `tcp://HOST:PORT` of a console. */
  address: z.string().trim().min(1).max(512),
  /** A folder of packages, or of versions; a channel is a folder in it, and stable may be the folder itself. */
  releases: z.string().trim().min(1).max(4096),
  channel: updateChannelSchema.default('stable'),
  /** Of an appliance: the address of this computer where it fetches packages. */
  hostAddress: z.string().max(64).default('127.0.0.1'),
  /** Of an appliance without an updater: the file of the private key that its user is known by. */
  keyFile: z.string().trim().min(1).max(4096).optional(),
})
export type NewUpdateDevice = z.infer<typeof newUpdateDeviceSchema>

/** Driven from here, with nothing of ours on it. */
export const isOverSsh = (address: string): boolean => /^ssh:/i.test(address)

/** What it said itself, and when. */
export const versionReadingSchema = z.object({
  /** Absent: it answers, and does not tell its version. */
  version: z.string().max(100).optional(),
  /** The version before, which it can go back to. */
  previous: z.string().max(100).optional(),
  /** An interruption was cleared up, in words; until it has another version. */
  recovered: z.string().max(400).optional(),
  atMs: z.number(),
})
export type VersionReading = z.infer<typeof versionReadingSchema>

export const updateDeviceSchema = newUpdateDeviceSchema.extend({ id: updateDeviceIdSchema, reading: versionReadingSchema.optional() })
export type UpdateDevice = z.infer<typeof updateDeviceSchema>

/** `update-devices.json` of the data folder. */
export const updateDevicesFileSchema = z.object({ version: z.literal(1), devices: z.array(updateDeviceSchema).max(500) })
export type UpdateDevicesFile = z.infer<typeof updateDevicesFileSchema>

export const updateDeviceViewSchema = updateDeviceSchema.extend({
  /** Of the demo: gone when it is closed. */
  isDemo: z.boolean(),
  /** Why the last look at it failed; what was read before stands beside it. */
  problem: wireErrorSchema.optional(),
  lastJob: jobIdSchema.optional(),
})
export type UpdateDeviceView = z.infer<typeof updateDeviceViewSchema>

export const updateReleaseSchema = z.object({
  version: z.string().max(100), file: z.string().max(300), sizeBytes: z.number().int().min(0),
  /** Why it cannot be installed. */
  problem: z.string().max(1000).optional(),
})
export type UpdateRelease = z.infer<typeof updateReleaseSchema>

export const updateRequestWishSchema = z.object({ deviceId: updateDeviceIdSchema, act: z.enum(['update', 'rollback']), version: releaseVersionSchema })
export type UpdateWish = z.infer<typeof updateRequestWishSchema>

/** What would be done to one device. */
export const updatePlanSchema = z.object({
  hash: z.string().length(64),
  request: updateRequestWishSchema,
  kind: updateKindSchema,
  /** The fields that plans have in common; here they name the device. */
  cameraName: z.string(),
  podName: z.string(),
  chip: z.string(),
  flashBytes: z.literal(0),
  partitions: z.array(plannedPartitionSchema).max(0),
  /** As read from the device just before. */
  from: z.string().optional(),
  to: z.string(),
  release: updateReleaseSchema.optional(),
  sha256: z.string().optional(),
  /** Services that stop and start, in order. */
  units: z.array(z.string()),
  /** Files that come and that go, where that is known beforehand. */
  files: z.number().int().min(0),
  deletes: z.array(z.string()),
  phases: z.array(plannedPhaseSchema),
  forecastMs: z.number().min(0),
  warnings: z.array(z.string()),
  refusals: z.array(wireErrorSchema),
})
export type UpdatePlan = z.infer<typeof updatePlanSchema>
