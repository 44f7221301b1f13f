import { z } from 'zod'

/** What a node keeps of a version is 32 bytes with the closing zero; a longer one would be cut and never match. */
export const maxVersionLength = 31
/** Nothing in here needs an escape in JSON: the nodes look for bytes and know no escapes. */
export const firmwareVersionSchema = z.string().min(1).max(maxVersionLength).regex(/^[A-Za-z0-9._+-]+$/)
export const registryNameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'small letters, digits and hyphens, at most 31')
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)
export const nodeIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/)
/** As a compiler writes it; shown and never parsed. */
export const compileTimeSchema = z.string().min(1).max(64).regex(/^[ !#-[\]-~]+$/)

/** What lies beside an image as `<image>.manifest.json`; each of the two is looked at for itself. */
export const sidecarSchema = z.object({ version: z.unknown().optional(), compile_time: z.unknown().optional() })

export const defaultProduct = 'esp32-csi-node'
export const defaultChannel = 'stable'

/** What the nodes of a product can take. */
export const productProfileSchema = z.object({
  name: registryNameSchema,
  /** A shorter one is a truncated upload. */
  minBytes: z.number().int().min(1),
  /** The door takes no more. */
  maxUploadBytes: z.number().int().min(1),
  /** What a node fetches at most; publishing above it is refused, because no node would ever take it. */
  maxPullBytes: z.number().int().min(1),
  /** What a node takes when somebody pushes. */
  maxPushBytes: z.number().int().min(1),
})
export type ProductProfile = z.infer<typeof productProfileSchema>

export const firmwareImageSchema = z.object({
  product: registryNameSchema, version: firmwareVersionSchema, sha256: sha256Schema, sizeBytes: z.number().int().min(0),
  compileTime: compileTimeSchema.optional(),
  origin: z.enum(['upload', 'folder', 'file']),
  /** Wall time, ms since 1970. */
  atMs: z.number(),
})
export type FirmwareImage = z.infer<typeof firmwareImageSchema>

/** One row of what was released; never changed, only followed by another. */
export const releaseRowSchema = z.object({
  number: z.number().int().min(1), product: registryNameSchema, channel: registryNameSchema,
  /** Absent: withdrawn; from then on nothing of what came before is offered. */
  version: firmwareVersionSchema.optional(),
  /** Of the nodes, chosen by version and name. */
  percent: z.number().int().min(0).max(100),
  /** Only nodes of these; every node when there is none. */
  groups: z.array(registryNameSchema).max(32),
  atMs: z.number(),
  who: z.string().max(80),
})
export type ReleaseRow = z.infer<typeof releaseRowSchema>

/** pending: it runs what it fetched and has not confirmed it. never-takes: it was told of it and its own comparison says no. */
export const nodePhases = ['unknown', 'held', 'waiting', 'fetching', 'fetched', 'pending', 'running', 'fell-back', 'never-takes'] as const
export const nodePhaseSchema = z.enum(nodePhases)
export type NodePhase = z.infer<typeof nodePhaseSchema>

export const registryNodeSchema = z.object({
  id: z.string().max(64),
  /** Told by itself, or only known by where it asks from; several behind one router are one then. */
  idFrom: z.enum(['node', 'address']),
  address: z.string().max(64), product: registryNameSchema, channel: registryNameSchema, group: registryNameSchema.optional(),
  /** What it says it runs; a node that says nothing is counted as unknown. */
  running: firmwareVersionSchema.optional(),
  /** Whether what runs is confirmed: nodes that do not say so are unknown. */
  confirmed: z.enum(['confirmed', 'pending', 'unknown']),
  offered: firmwareVersionSchema.optional(),
  /** The last whole image that was sent to it. */
  fetched: firmwareVersionSchema.optional(),
  /** The version that it went back from. */
  fellBackFrom: firmwareVersionSchema.optional(),
  phase: nodePhaseSchema,
  /** Why it is in that phase, where that needs a word. */
  why: z.string().max(300),
  polls: z.number().int(), downloads: z.number().int(), cutDownloads: z.number().int(),
  firstMs: z.number(), lastMs: z.number(),
})
export type RegistryNode = z.infer<typeof registryNodeSchema>

export const phaseCountsSchema = z.record(nodePhaseSchema, z.number().int())
export type PhaseCounts = z.infer<typeof phaseCountsSchema>

/** `fetching` counts those, too, that have all of it and have not told what they run since; `running` only what is confirmed, where nodes tell that. */
export const rolloutPointSchema = z.object({
  atMs: z.number(), waiting: z.number().int(), fetching: z.number().int(), pending: z.number().int(), running: z.number().int(), fellBack: z.number().int(), nodes: z.number().int(),
})
export type RolloutPoint = z.infer<typeof rolloutPointSchema>

export const rolloutSchema = z.object({
  product: registryNameSchema, channel: registryNameSchema, version: firmwareVersionSchema, percent: z.number(), groups: z.array(registryNameSchema),
  sinceMs: z.number(), counts: phaseCountsSchema, nodes: z.number().int(),
  /** For a plot: how many were how far, at most one a second and 600 in all. */
  points: z.array(rolloutPointSchema).max(600),
})
export type Rollout = z.infer<typeof rolloutSchema>

export const publishWarningSchema = z.object({
  kind: z.enum(['not-newer', 'suffix-only', 'text-order', 'too-large-to-push', 'image-says-otherwise', 'no-image-header', 'other-product']),
  /** A whole sentence with the next step. */
  words: z.string(),
  /** How many nodes it is true of, where it is about nodes. */
  nodes: z.number().int().optional(),
})
export type PublishWarning = z.infer<typeof publishWarningSchema>

export const channelViewSchema = z.object({
  product: registryNameSchema, channel: registryNameSchema,
  current: releaseRowSchema.optional(),
  /** Newest first. */
  rows: z.array(releaseRowSchema),
})
export type ChannelView = z.infer<typeof channelViewSchema>

export const registryPlaceSchema = z.object({ product: registryNameSchema.default(defaultProduct), channel: registryNameSchema.default(defaultChannel) })
export type RegistryPlace = z.infer<typeof registryPlaceSchema>
export const publishWishSchema = registryPlaceSchema.extend({
  version: firmwareVersionSchema, percent: z.number().int().min(1).max(100).default(100), groups: z.array(registryNameSchema).max(32).default([]),
})
export type PublishWish = z.infer<typeof publishWishSchema>
export const publishedSchema = z.object({ row: releaseRowSchema, changed: z.boolean(), warnings: z.array(publishWarningSchema) })
export type Published = z.infer<typeof publishedSchema>

export const registryDoorSettingsSchema = z.object({ enabled: z.boolean().default(false), address: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'), port: z.number().int().min(0).max(65_535).default(8080) })
export type RegistryDoorSettings = z.infer<typeof registryDoorSettingsSchema>
export const registryDoorStateSchema = registryDoorSettingsSchema.extend({ state: z.enum(['open', 'closed', 'failed']), url: z.string().optional(), hasToken: z.boolean(), problem: z.string().optional() })
export type RegistryDoorState = z.infer<typeof registryDoorStateSchema>
