import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'

/** What a window says of itself. Who it is, its link tells: an id that a call could choose would be anybody's. */
export const viewerSchema = z.object({
  /** What others call it. Empty, or taken by another: the workbench gives it one. */
  name: z.string().trim().max(40).default(''),
})
export type ViewerWish = z.infer<typeof viewerSchema>
/** One window, for as long as its link lives. */
export interface Viewer extends ViewerWish { readonly id: string }

/** Of more viewers than that, the last ones are not named. */
export const mostOthers = 20

/** Who may type now. `released`: the line is closed, for a program that is not this one. */
export const writerViewSchema = z.object({
  who: z.enum(['nobody', 'you', 'viewer', 'job', 'released']),
  /** Of the viewer or the job; of who released it. */
  name: z.string(),
  /** Wall time; 0 while nobody has it. */
  sinceMs: z.number(),
  /** You had it, and somebody took it over. */
  lost: z.object({ by: z.string(), atMs: z.number() }).optional(),
  /** Who else has this console before them; absent for nobody. The wall counts as nobody: it shows all of them. */
  others: z.array(z.string()).max(mostOthers).optional(),
})
export type WriterView = z.infer<typeof writerViewSchema>

export const ruleTones = ['bad', 'warn', 'ok'] as const
/** Never more: longer lines are looked at in pieces of this length. */
export const ruleLineLetters = 4_096

export const ruleRunSchema = z.discriminatedUnion('what', [
  /** Into a new folder below this one, which has the camera and the time for its name. */
  z.object({ what: z.literal('dump'), folder: z.string().min(1).max(4096), everyMinutes: z.number().int().min(1).max(10_080) }),
  z.object({ what: z.literal('power-cycle'), everyMinutes: z.number().int().min(1).max(10_080) }),
])

export const ruleSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,48}$/),
  name: z.string().trim().min(1).max(64),
  on: z.boolean(),
  match: z.discriminatedUnion('kind', [
    /** Any of them, capitals or not. */
    z.object({ kind: z.literal('words'), any: z.array(z.string().min(1).max(256)).min(1).max(16) }),
    z.object({ kind: z.literal('pattern'), source: z.string().min(1).max(1024), ignoreCase: z.boolean() }),
    /** No line, but a boot: longer to its login prompt than the boots before it, by so much. */
    z.object({ kind: z.literal('slow-boot'), percent: z.number().int().min(5).max(1_000) }),
  ]),
  /** Only when that often in that time; a line with `until` starts the count again. */
  times: z.object({ count: z.number().int().min(2).max(100), withinS: z.number().int().min(1).max(3_600), until: z.string().max(256).optional() }).optional(),
  tone: z.enum(ruleTones),
  notify: z.boolean(),
  /** Nothing that writes a flash. */
  run: ruleRunSchema.optional(),
})
export type ConsoleRule = z.infer<typeof ruleSchema>

export const macroSchema = z.object({ name: z.string().trim().min(1).max(48), text: z.string().min(1).max(4_000), pauseMs: z.number().int().min(0).max(10_000) })
export type ConsoleMacro = z.infer<typeof macroSchema>

export const maxScriptLetters = 64 * 1024
export const scriptSchema = z.object({ name: z.string().trim().min(1).max(48), text: z.string().min(1).max(maxScriptLetters) })
export type ConsoleScript = z.infer<typeof scriptSchema>

const unique = (names: readonly string[]): boolean => new Set(names).size === names.length
/** Kept in the data folder, for whoever looks. */
export const consoleToolsSchema = z.object({
  version: z.literal(1),
  rules: z.array(ruleSchema).max(64).refine((rules) => unique(rules.map(({ id }) => id)), 'two rules have one id'),
  macros: z.array(macroSchema).max(64).refine((macros) => unique(macros.map(({ name }) => name)), 'two macros have one name'),
  scripts: z.array(scriptSchema).max(64).refine((scripts) => unique(scripts.map(({ name }) => name)), 'two scripts have one name'),
})
export type ConsoleTools = z.infer<typeof consoleToolsSchema>

const usual = (id: string, name: string, tone: ConsoleRule['tone'], any: string[], times?: ConsoleRule['times']): ConsoleRule =>
  ({ id, name, on: true, match: { kind: 'words', any }, ...(times === undefined ? {} : { times }), tone, notify: true })

/** A login prompt is no alarm; neither is one restart. Nothing is run until somebody wishes it. */
export const usualTools: ConsoleTools = {
  version: 1,
  rules: [
    usual('kernel-panic', 'Kernel panic', 'bad', ['Kernel panic - not syncing']),
    usual('oops', 'Oops or BUG', 'bad', ['Internal error: Oops', 'Unable to handle kernel', 'kernel BUG at', 'Oops: ']),
    usual('ecc', 'ECC uncorrectable', 'bad', ['uncorrectable ECC', 'ECC error)', 'ECC uncorrectable', 'uncorrectable error']),
    usual('watchdog', 'Watchdog', 'warn', ['watchdog reset', 'watchdog timeout', 'reset by watchdog', 'watchdog: BUG', 'watchdog did not stop']),
    usual('boot-loop', 'Boot loop', 'bad', ['U-Boot 20'], { count: 3, withinS: 180, until: 'login:' }),
    { id: 'slow-boot', name: 'Slower boot', on: true, match: { kind: 'slow-boot', percent: 30 }, tone: 'warn', notify: true },
  ],
  macros: [],
  scripts: [],
}

/** A rule that met its line. */
export const ruleHitSchema = z.object({
  sequence: z.number().int(),
  cameraId: cameraIdSchema,
  ruleId: z.string(),
  rule: z.string(),
  tone: z.enum(ruleTones),
  notify: z.boolean(),
  /** As a person would read it; cut. Of a run: what came of it. */
  line: z.string(),
  atMs: z.number(),
  /** What that rule noticed before is so no longer. */
  isOver: z.boolean().optional(),
  /** Of the line's first byte in the console's history, as in the byte lane; absent for what is no line. */
  position: z.number().optional(),
})
export type RuleHit = z.infer<typeof ruleHitSchema>

export const scriptViewSchema = z.object({
  name: z.string(),
  state: z.enum(['running', 'done', 'failed', 'stopped']),
  startedAtMs: z.number(),
  by: z.string(),
  /** Newest last. */
  log: z.array(z.object({ atMs: z.number(), line: z.number().int(), text: z.string() })),
})
export type ScriptView = z.infer<typeof scriptViewSchema>
