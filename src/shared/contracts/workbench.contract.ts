import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { auditContract, powerManyContract, secretsContract } from './safety.contract.ts'
import { agentPlanSchema, agentRequestSchema } from '../agent/agent.schema.ts'
import { burnPlanSchema, burnRequestSchema } from '../burn/burn.schema.ts'
import {
  captureExportedSchema, captureExportSchema, capturePageSchema, captureQuerySchema, captureReadSchema, captureSessionSchema, captureStatusSchema, captureStretchSchema,
  captureTimelineSchema, sessionIdSchema,
  newLineSchema, newLinesQuerySchema,
} from '../captures/captures.schema.ts'
import { viewerSchema } from '../consoles/consoleTools.schema.ts'
import { consoleMarkSchema, lineAbilitiesSchema, lineWishSchema, typeRequestSchema, typingSchema } from '../consoles/consoles.schema.ts'
import { chipViewSchema, profileImportSchema, ubootRefreshSchema } from '../devices/chipView.schema.ts'
import { powerSpecSchema } from '../devices/powerSpec.schema.ts'
import { auditRecordSchema, auditWishSchema, switchReportSchema, switchWishSchema } from '../devices/switchReport.schema.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../devices/ids.ts'
import { broadcastContract } from './broadcast.contract.ts'
import { diffRequestSchema, dumpDiffSchema } from '../dump/diff.schema.ts'
import { dumpPlanSchema, dumpRequestSchema } from '../dump/dump.schema.ts'
import { installPlanSchema, installRequestSchema } from '../install/install.schema.ts'
import { jobEventSchema } from '../jobs/jobEvent.ts'
import { drawHistorySchema } from '../rack/drawHistory.schema.ts'
import { powerWishSchema } from '../rack/powerAct.schema.ts'
import { machineStatusSchema, rackViewSchema } from '../rack/rackView.schema.ts'
import { layoutRequestSchema, layoutViewSchema } from '../restore/layout.schema.ts'
import { picturesContract } from './pictures.contract.ts'
import { rackFiltersContract } from './rackFilters.contract.ts'
import { restorePlanSchema, restoreRequestSchema, verdictSchema } from '../restore/restore.schema.ts'
import { findPortsContract } from './findPorts.contract.ts'
import { inventoryContract } from './inventory.contract.ts'
import { consoleToolsContract } from './consoleTools.contract.ts'
import { bootsContract } from './boots.contract.ts'
import { bundleContract } from './bundle.contract.ts'
import { boardReleasesContract } from './boardReleases.contract.ts'
import { batchContract } from './batch.contract.ts'
import { fleetContract } from './fleet.contract.ts'
import { approvalsContract } from './approvals.contract.ts'
import { registryContract } from './registry.contract.ts'
import { deviceUpdatesContract } from './deviceUpdates.contract.ts'
import { captureSettingsContract } from './captureSettings.contract.ts'

const nothing = z.object({}).optional()

export const newPodSchema = z.object({
  /** `rack://host[:bridge][?api=port]`, or any console transport when power is manual. */
  url: z.string().min(1).max(512),
  name: z.string().max(64).default(''),
  cameraName: z.string().max(64).default(''),
  chip: z.string().max(64),
  /** Who switches its power; a rack pod does it itself, and a person does where nothing is given. */
  power: powerSpecSchema.optional(),
  /** Of that switch. Kept apart from the rack, and never told again. */
  password: z.string().max(1024).optional(),
})

export type NewPod = z.infer<typeof newPodSchema>

export const jobSummarySchema = z.object({
  id: jobIdSchema,
  workflow: z.enum(['restore', 'install', 'dump', 'burn', 'agent', 'update']),
  title: z.string(),
  camera: cameraIdSchema,
  pod: podIdSchema,
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted']),
  verdict: verdictSchema.optional(),
  queuedAtMs: z.number(),
  elapsedMs: z.number().optional(),
})
export type JobSummary = z.infer<typeof jobSummarySchema>

export const folderListingSchema = z.object({
  path: z.string(),
  parent: z.string().optional(),
  entries: z.array(z.object({ name: z.string(), path: z.string(), kind: z.enum(['folder', 'file']), lengthBytes: z.number() })),
  /** What a restore would take this folder for, in words; empty when nothing. */
  looksLike: z.string(),
})
export type FolderListing = z.infer<typeof folderListingSchema>

export const workbenchContract = {
  system: {
    /** Answered to whoever may ask anything at all: the smallest proof that a token was taken. */
    here: oc.input(nothing).output(z.object({})),
    /** Now and then every second. */
    watchStatus: oc.input(nothing).output(eventIterator(machineStatusSchema)),
    /** Folders and files of the machine that the workbench runs on; an empty path is the home folder. */
    listFolder: oc.input(z.object({ path: z.string().max(4096) })).output(folderListingSchema),
    /** USB serial adapters of this computer. `address` is what a camera is added by: it stays when ports are numbered anew. `usedBy` is the camera or the command that has it. */
    ports: oc.input(nothing).output(z.array(z.object({ address: z.string(), device: z.string(), name: z.string(), usedBy: z.string().optional() }))),
    /** Chips that have figures, in order. */
    chips: oc.input(nothing).output(z.array(z.object({ name: z.string(), loadAddress: z.number() }))),
  },
  rack: {
    /** The whole rack now, then again whenever something in it changed, at most four times a second. */
    watch: oc.input(nothing).output(eventIterator(rackViewSchema)),
    addPod: oc.input(newPodSchema).output(z.object({ podId: podIdSchema })),
    /** Another switch for a camera that has no pod. `pod/busy` while a job has it. */
    setPower: oc.input(newPodSchema.pick({ power: true, password: true }).extend({ podId: podIdSchema })).output(z.object({})),
    removePod: oc.input(z.object({ podId: podIdSchema })).output(z.object({})),
    /** Starts the simulated rack (12 cameras booting) in this process. */
    openDemo: oc.input(nothing).output(z.object({ pods: z.number().int() })),
    closeDemo: oc.input(nothing).output(z.object({})),
    /** What it drew in the last hours; empty where its switch does not tell. */
    draw: oc.input(z.object({ cameraId: cameraIdSchema })).output(drawHistorySchema),
    /** `pod/busy` while a job has the camera or another one on its switch; `context.typeName` is the name to type as `force`. */
    power: oc.input(powerWishSchema).output(z.object({})),
  },
  rackFilters: rackFiltersContract,
  inventory: inventoryContract,
  findPorts: findPortsContract,
  registry: registryContract,
  boardReleases: boardReleasesContract,
  deviceUpdates: deviceUpdatesContract,
  batch: batchContract,
  fleet: fleetContract,
  approvals: approvalsContract,
  pictures: picturesContract,
  power: {
    /** Logs in to a RouterOS switch and reads; never changes anything, and remembers nothing. */
    testSwitch: oc.input(switchWishSchema).output(switchReportSchema),
    /** Its configuration into a file of the data folder, secrets masked. `device/wrong-identity` tells the host key until it is accepted. */
    auditSwitch: oc.input(auditWishSchema).output(auditRecordSchema),
    ...powerManyContract,
  },
  audit: auditContract,
  secrets: secretsContract,
  consoles: {
    ...consoleToolsContract,
    ...broadcastContract,
    /** Types into a console; `pod/busy` while a job or another viewer has it. Output comes over the byte lane (shared/rpc/byteLane.ts). */
    type: oc.input(typeRequestSchema).output(z.object({})),
    abilities: oc.input(z.object({ cameraId: cameraIdSchema })).output(lineAbilitiesSchema),
    /** Break, modem lines, rate; `input/not-supported` where the line has none, `pod/busy` while a job has it. */
    setLine: oc.input(lineWishSchema.extend({ cameraId: cameraIdSchema, viewer: viewerSchema.optional() })).output(z.object({})),
    /** Line end and encoding of one camera. */
    typing: oc.input(z.object({ cameraId: cameraIdSchema })).output(typingSchema),
    setTyping: oc.input(typingSchema.extend({ cameraId: cameraIdSchema })).output(z.object({})),
    /** When it passed, and what was sent; what was received comes over the byte lane. */
    watchMarks: oc.input(z.object({ cameraId: cameraIdSchema, after: z.number().int().min(0) })).output(eventIterator(z.array(consoleMarkSchema))),
  },
  captures: {
    /** Newest first. */
    sessions: oc.input(z.object({ camera: cameraIdSchema.optional(), sinceMs: z.number().optional(), untilMs: z.number().optional() }).optional()).output(z.array(captureSessionSchema)),
    status: oc.input(nothing).output(captureStatusSchema),
    /** A page of lines, newest first; `input/too-large` for a pattern that hangs. */
    search: oc.input(captureQuerySchema).output(capturePageSchema),
    newLines: oc.input(newLinesQuerySchema).output(z.array(newLineSchema)),
    /** A stretch of one session, both directions and marks. */
    read: oc.input(captureReadSchema).output(captureStretchSchema),
    /** Where in its time a session has words, gaps and phases of jobs. Reads the index only. */
    timeline: oc.input(z.object({ session: sessionIdSchema })).output(captureTimelineSchema),
    export: oc.input(captureExportSchema).output(captureExportedSchema),
  },
  boots: bootsContract,
  bundle: bundleContract,
  captureSettings: captureSettingsContract,
  restore: {
    /** Reads and checks the input and asks the pod; touches neither camera nor flash. */
    plan: oc.input(restoreRequestSchema).output(restorePlanSchema),
    start: oc.input(z.object({ request: restoreRequestSchema, planHash: z.string().length(64) })).output(z.object({ jobId: jobIdSchema })),
    /** Plans the same input again for an interrupted, failed or cancelled restore or installation and starts it: the chip says what is left to do. */
    resume: oc.input(z.object({ jobId: jobIdSchema })).output(z.object({ jobId: jobIdSchema })),
  },
  install: {
    /** Reads and checks a release; touches neither camera nor flash. */
    plan: oc.input(installRequestSchema).output(installPlanSchema),
    start: oc.input(z.object({ request: installRequestSchema, planHash: z.string().length(64) })).output(z.object({ jobId: jobIdSchema })),
  },
  layout: {
    /** A partition table as rows or text: what it comes to, and where it does not fit. Touches nothing. */
    view: oc.input(layoutRequestSchema).output(layoutViewSchema),
  },
  chips: {
    /** All of the catalogue, by name. */
    list: oc.input(nothing).output(z.array(chipViewSchema)),
    /** Boot profiles out of a folder, a file or a web address, into the data folder. */
    importProfiles: oc.input(z.object({ source: z.string().min(1).max(4096) })).output(profileImportSchema),
    /** From the cache, else downloaded. */
    getUboot: oc.input(z.object({ chip: z.string().max(64), file: z.string().max(4096).optional(), refresh: ubootRefreshSchema.optional() })).output(z.object({ path: z.string(), sha256: z.string(), from: z.enum(['cache', 'download', 'file']) })),
  },
  dump: {
    /** Looks at the output path and at the ways to it; touches neither camera nor disk. */
    plan: oc.input(dumpRequestSchema).output(dumpPlanSchema),
    start: oc.input(z.object({ request: dumpRequestSchema, planHash: z.string().length(64) })).output(z.object({ jobId: jobIdSchema })),
  },
  burn: {
    /** A U-Boot into RAM: looks for its files and the way; touches nothing. */
    plan: oc.input(burnRequestSchema).output(burnPlanSchema),
    start: oc.input(z.object({ request: burnRequestSchema, planHash: z.string().length(64) })).output(z.object({ jobId: jobIdSchema })),
  },
  agent: {
    /** Work by a flash agent: looks for its files and the way; touches nothing. */
    plan: oc.input(agentRequestSchema).output(agentPlanSchema),
    start: oc.input(z.object({ request: agentRequestSchema, planHash: z.string().length(64) })).output(z.object({ jobId: jobIdSchema })),
  },
  diff: {
    /** Two dumps on the disk of this machine; secrets of their environments are masked. */
    compare: oc.input(diffRequestSchema).output(dumpDiffSchema),
  },
  jobs: {
    list: oc.input(nothing).output(z.array(jobSummarySchema)),
    /** Events after `after`, replay first, then live; ends when the job has ended. */
    watch: oc.input(z.object({ jobId: jobIdSchema, after: z.number().int().min(0) })).output(eventIterator(jobEventSchema)),
    /** New and ended jobs, as summaries. */
    watchList: oc.input(nothing).output(eventIterator(jobSummarySchema)),
    cancel: oc.input(z.object({ jobId: jobIdSchema })).output(z.object({})),
    report: oc.input(z.object({ jobId: jobIdSchema, format: z.enum(['html', 'json']) })).output(z.object({ text: z.string(), path: z.string() })),
  },
}
export type WorkbenchContract = typeof workbenchContract
