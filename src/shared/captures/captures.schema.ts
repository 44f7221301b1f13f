import { z } from 'zod'
import { cameraIdSchema, jobIdSchema } from '../devices/ids.ts'
import { drawPointSchema } from '../rack/drawHistory.schema.ts'

/** One run of the workbench with one console. In folder names, so of a small alphabet. */
export const sessionIdSchema = z.string().regex(/^\d{8}-\d{6}-[0-9a-f]{6}$/).brand<'SessionId'>()
export type SessionId = z.infer<typeof sessionIdSchema>

/** What a file name may be made of. `{session}` and `{part}` together are unlike any other, so both must be there. */
export const namePlaceholders = ['camera', 'session', 'part', 'date', 'time', 'chip'] as const
const placeholder = /\{([^{}]*)\}/g
const isKnown = (name: string): boolean => (namePlaceholders as readonly string[]).includes(name)

export const nameTemplateSchema = z.string().min(1).max(120)
  // What is left beside the placeholders cannot lead anywhere: no slash, no dot at the beginning.
  .refine((text) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text.replace(placeholder, 'x')), 'Letters, digits, dots, hyphens and placeholders only; no folders')
  .refine((text) => [...text.matchAll(placeholder)].every(([, name]) => isKnown(name ?? '')), `Placeholders are ${namePlaceholders.map((name) => `{${name}}`).join(', ')}`)
  .refine((text) => text.includes('{session}') && text.includes('{part}'), '{session} and {part} must be in it, or two files would have one name')

const gigabyte = 1024 ** 3

/** How captures are kept. The defaults hold a rack of 100 talkative consoles for days. */
export const captureSettingsSchema = z.object({
  nameTemplate: nameTemplateSchema.default('{camera}-{session}-{part}'),
  /** A file is closed and the next one begun when it holds so much, or is so old. */
  partBytes: z.number().int().min(4096, 'at least 4 KiB').max(2 * gigabyte, 'at most 2 GiB').default(64 * 1024 * 1024),
  partMs: z.number().int().min(60_000, 'at least one minute').max(31 * 86_400_000, 'at most 31 days').default(86_400_000),
  /** Over all logs of all cameras. Their search index comes on top, about twice as large as the text in them. */
  quotaBytes: z.number().int().min(65_536, 'at least 64 KiB').default(20 * gigabyte),
  /** From this share on the quota is announced. */
  warnShare: z.number().min(0.1).max(1).default(0.9),
  /** Between the announcement and the first deletion somebody has this long to move files away. */
  graceMs: z.number().int().min(0).default(600_000),
  /** Captures leave so much of the disk to the journal: a full disk must not fail a job. */
  reserveBytes: z.number().int().min(0).default(512 * 1024 * 1024),
})
export type CaptureSettings = z.infer<typeof captureSettingsSchema>

/** What a person changes of it: what is absent stays as it is. */
export const captureSettingsChangeSchema = z.object({
  nameTemplate: nameTemplateSchema.optional(),
  partBytes: captureSettingsSchema.shape.partBytes.removeDefault().optional(),
  partMs: captureSettingsSchema.shape.partMs.removeDefault().optional(),
  quotaBytes: captureSettingsSchema.shape.quotaBytes.removeDefault().optional(),
})
export type CaptureSettingsChange = z.infer<typeof captureSettingsChangeSchema>
/** What a quota would take away. */
export const captureCutSchema = z.object({ files: z.number().int().min(0), bytes: z.number().min(0) })
export type CaptureCut = z.infer<typeof captureCutSchema>

export const captureNoticeSchema = z.object({
  atMs: z.number(),
  kind: z.enum(['quota-near', 'deleted', 'paused', 'resumed', 'tail-cut', 'index']),
  /** For people. */
  message: z.string(),
})
export type CaptureNotice = z.infer<typeof captureNoticeSchema>

export const captureSessionSchema = z.object({
  camera: cameraIdSchema,
  session: sessionIdSchema,
  cameraName: z.string(),
  chip: z.string(),
  startedAtMs: z.number(),
  /** Of the last byte or mark. */
  endedAtMs: z.number(),
  isOpen: z.boolean(),
  /** The program ended and could not close it: up to a second may be missing at its end. */
  isCut: z.boolean().default(false),
  /** Positions in a session count from its first byte, also when the oldest files of it are gone. */
  startOffset: z.number().int().min(0),
  endOffset: z.number().int().min(0),
  parts: z.number().int().min(1),
})
export type CaptureSession = z.infer<typeof captureSessionSchema>

/**
 * rx, tx: bytes from and to the camera. dropped: so many bytes came and were not kept (full disk). lost, found: the line went away and
 * came back; what the camera said in between nobody heard. cut: the program ended without closing; up to a second may be missing. power-on,
 * power-off: switched and proved; cycle: switching off and on began; power-failed: it did not work, and nobody knows; seen-on, seen-off: it
 * changed, and not by us.
 */
export const powerEdges = ['power-on', 'power-off', 'cycle', 'power-failed', 'seen-on', 'seen-off'] as const
/** Unlike other marks these end no line: a camera talks on while its switch is still being read back. */
export const isPowerEdge = (kind: string): boolean => (powerEdges as readonly string[]).includes(kind)
export const capturePieceKinds = ['rx', 'tx', 'dropped', 'lost', 'found', 'cut', ...powerEdges] as const
export const capturePieceSchema = z.object({
  kind: z.enum(capturePieceKinds),
  offset: z.number().int().min(0),
  atMs: z.number(),
  /** One character for one byte (Latin-1); empty for marks. */
  bytes: z.string(),
  droppedBytes: z.number().int().min(0),
})
export type CapturePiece = z.infer<typeof capturePieceSchema>

const cameras = z.array(cameraIdSchema).max(1000).default([])
/** From the one moment, until before the other. */
const range = { sinceMs: z.number().optional(), untilMs: z.number().optional() }

export const captureQuerySchema = z.object({
  /** All of these words, in any order; whole words, capitals do not matter. */
  words: z.string().max(500).optional(),
  /** A JavaScript pattern, tried on each line; instead of words. */
  pattern: z.string().min(1).max(500).optional(),
  ignoreCase: z.boolean().default(false),
  /** None means all. */
  cameras, ...range,
  limit: z.number().int().min(1).max(1000).default(100),
  /** A pattern is tried for so long; the page then says that it was stopped, and can be gone on with. */
  limitMs: z.number().int().min(50).max(30_000).default(2_000),
  /** What the page before called `next`. */
  before: z.number().int().min(0).optional(),
}).refine(({ words, pattern }) => (words === undefined) !== (pattern === undefined), 'Either words or a pattern')
export type CaptureQuery = z.infer<typeof captureQuerySchema>

export const captureLineSchema = z.object({
  camera: cameraIdSchema, session: sessionIdSchema,
  /** Of its first byte in the session: `captures.read` goes on from there. */
  offset: z.number().int().min(0), atMs: z.number(), line: z.string(),
})
export const capturePageSchema = z.object({
  /** Newest first. */
  lines: z.array(captureLineSchema),
  next: z.number().int().min(0).optional(),
  isStopped: z.boolean(),
  /** What may be missing, in words; empty when nothing. */
  note: z.string(),
})
export type CapturePage = z.infer<typeof capturePageSchema>

/** Kinds of lines (numbers and addresses taken out) that a firmware said for the first time since then. */
export const newLinesQuerySchema = z.object({ cameras, firmware: z.string().max(200).optional(), sinceMs: z.number().default(0), limit: z.number().int().min(1).max(1000).default(100) })
export type NewLinesQuery = z.infer<typeof newLinesQuerySchema>
export const newLineSchema = captureLineSchema.extend({ kind: z.string(), firmware: z.string(), lines: z.number().int() })
export type NewLine = z.infer<typeof newLineSchema>

export const captureReadSchema = z.object({
  session: sessionIdSchema, offset: z.number().int().min(0).default(0),
  /** Not what was said before that time; a seek bar knows times, not places. */
  fromMs: z.number().optional(),
  maxBytes: z.number().int().min(1).max(1_048_576).default(65_536),
})
export type CaptureRead = z.infer<typeof captureReadSchema>
export const captureStretchSchema = z.object({
  pieces: z.array(capturePieceSchema),
  /** Where to go on; absent at the end of what there is. */
  next: z.number().int().min(0).optional(),
})
export type CaptureStretch = z.infer<typeof captureStretchSchema>

/** What is drawn along the time of one session. */
export const captureTimelineSchema = z.object({
  fromMs: z.number(), untilMs: z.number(),
  /** Bytes in equal spans of that time, oldest first. */
  activity: z.array(z.number().int().min(0)),
  /** In order, the first of very many. */
  marks: z.array(capturePieceSchema.omit({ bytes: true })),
  /** Of all jobs of that camera. Without an end: it was never told, or is not over. */
  phases: z.array(z.object({ job: jobIdSchema, title: z.string(), phase: z.string(), fromMs: z.number(), untilMs: z.number().optional() })),
  /** What it drew, where that was measured; of very many those that show the least and the most. */
  watts: z.array(drawPointSchema),
  /** The session has more than could be looked through in time; what is behind is not drawn. */
  isStopped: z.boolean(),
})
export type CaptureTimeline = z.infer<typeof captureTimelineSchema>

export const captureFormats = ['text', 'cast', 'dcap', 'csv'] as const
export type CaptureFormat = (typeof captureFormats)[number]
export const captureExportSchema = z.object({
  /** One session, or all of a camera in that time. */
  session: sessionIdSchema.optional(), camera: cameraIdSchema.optional(), ...range,
  format: z.enum(captureFormats),
  /** A new file on the machine of the workbench; absent: one in its data folder. */
  path: z.string().min(1).max(4096).optional(),
}).refine(({ session, camera }) => session !== undefined || camera !== undefined, 'A session or a camera')
export type CaptureExport = z.infer<typeof captureExportSchema>
export const captureExportedSchema = z.object({ path: z.string(), sessions: z.number().int(), bytes: z.number().int() })
export type CaptureExported = z.infer<typeof captureExportedSchema>

export const captureStatusSchema = z.object({
  usedBytes: z.number(), quotaBytes: z.number(), droppedBytes: z.number(),
  /** Why nothing is kept now. */
  paused: z.string().optional(),
  notices: z.array(captureNoticeSchema),
  /** While it was announced that files will go. */
  quota: z.object({
    sinceMs: z.number(),
    /** Nothing goes before that time, however full it is. */
    removesFromMs: z.number(),
    /** When it is full at the pace of the last day; absent when nothing comes. */
    fullAtMs: z.number().optional(),
    /** What goes first. */
    oldest: z.object({ cameraName: z.string(), fromMs: z.number(), untilMs: z.number() }).optional(),
  }).optional(),
})
export type CaptureStatus = z.infer<typeof captureStatusSchema>

/** At the beginning of every index file of a capture. */
export const indexHeaderSchema = z.object({
  rackbench: z.literal('capture'),
  version: z.literal(1),
  camera: cameraIdSchema,
  cameraName: z.string().max(64),
  chip: z.string().max(64),
  session: sessionIdSchema,
  part: z.number().int().min(1).max(999_999),
  /** Position in the session of the first byte here. */
  startOffset: z.number().int().min(0),
  startedAtMs: z.number().finite(),
  /** Who writes it: while that process lives, the file is not touched by another. */
  process: z.string().max(128),
})
export type IndexHeader = z.infer<typeof indexHeaderSchema>
