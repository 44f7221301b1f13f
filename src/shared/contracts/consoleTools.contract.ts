import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { consoleToolsSchema, maxScriptLetters, ruleHitSchema, scriptViewSchema, viewerSchema, writerViewSchema } from '../consoles/consoleTools.schema.ts'
import { cameraIdSchema } from '../devices/ids.ts'

const ofCamera = z.object({ cameraId: cameraIdSchema })
const byViewer = ofCamera.extend({ viewer: viewerSchema })
const nothing = z.object({}).optional()

/** A console that several look at: who types, what is noticed, what is sent by itself. */
export const consoleToolsContract = {
  /** Who types, now and at each change. A viewer is there while it watches: what it holds is free when its last stream ends. */
  watchWriter: oc.input(byViewer).output(eventIterator(writerViewSchema)),
  /** From whoever has it, who is told. `pod/busy` while a job has the console; `input/conflict` for a viewer that does not watch. */
  takeWriter: oc.input(byViewer).output(z.object({})),
  freeWriter: oc.input(byViewer).output(z.object({})),
  /** Closes the line for another program and does not open it again before `takeBack` or a restart. `pod/busy` while a job has it. */
  release: oc.input(byViewer).output(z.object({})),
  takeBack: oc.input(ofCamera).output(z.object({})),
  /** Rules, macros and scripts; `notes` tells of rules that were stopped. */
  tools: oc.input(nothing).output(z.object({ tools: consoleToolsSchema, notes: z.array(z.string()) })),
  /** Each list that is given replaces the old one. `input/malformed` names a pattern that is none. */
  saveTools: oc.input(consoleToolsSchema.omit({ version: true }).partial()).output(z.object({})),
  /** What rules met, of one camera or of all, oldest first; then live. Kept in memory, and bounded. */
  watchHits: oc.input(z.object({ cameraId: cameraIdSchema.optional(), after: z.number().int().min(0) })).output(eventIterator(z.array(ruleHitSchema))),
  clearAlarms: oc.input(ofCamera).output(z.object({})),
  /** Has the console to itself until it ends, with no window open too. `input/malformed` names the line; `pod/busy` who has the console. */
  startScript: oc.input(byViewer.extend({ name: z.string().trim().min(1).max(48), text: z.string().max(maxScriptLetters) })).output(z.object({})),
  stopScript: oc.input(ofCamera).output(z.object({})),
  /** The newest script of that camera, at each step; nothing while there was none. */
  watchScript: oc.input(ofCamera).output(eventIterator(scriptViewSchema)),
}
