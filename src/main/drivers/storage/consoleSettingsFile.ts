import { type ConsoleSettings, consoleSettingsSchema } from '../../../shared/consoles/consoles.schema.ts'
import { type ConsoleTools, consoleToolsSchema, usualTools } from '../../../shared/consoles/consoleTools.schema.ts'
import { createWholeFile, type WholeFile } from './wholeFile.ts'

export type ConsoleSettingsFile = WholeFile<ConsoleSettings>

export const createConsoleSettingsFile = (path: string): ConsoleSettingsFile =>
  createWholeFile<ConsoleSettings>({ path, schema: consoleSettingsSchema, first: { version: 1, typing: {} }, hint: 'Mend it or move it away; the consoles then start with their usual settings' })

/** Rules, macros and scripts of all consoles. */
export const createConsoleToolsFile = (path: string): WholeFile<ConsoleTools> =>
  createWholeFile<ConsoleTools>({ path, schema: consoleToolsSchema, first: usualTools, hint: 'Mend it or move it away; the usual rules then hold' })
