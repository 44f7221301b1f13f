import { open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type AgentState, agentStateSchema, emptyAgentState } from '../../../shared/fleet/agentState.schema.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

/** A thousand records and all their acknowledgements with words of full length stay well below. */
const mostStateBytes = 32 * 1024 * 1024

export interface AgentStateFile {
  /** `lostTo`: the file was damaged and now lies there, so nobody knows what was done before. */
  read(): Promise<{ readonly state: AgentState; readonly lostTo?: string }>
  /** The old state or the new one, whenever the power goes. */
  save(state: AgentState): Promise<void>
}

export function createAgentStateFile(path: string, clientUuid: string, wallMs: () => number): AgentStateFile {
  return {
    read: async () => {
      const bytes = await bytesOf(path)
      if (bytes === undefined) return { state: emptyAgentState(clientUuid) }
      const state = stateIn(bytes)
      if (!state) {
        const lostTo = `${path}.damaged-${wallMs().toFixed(0)}`
        await rename(path, lostTo).catch((cause: unknown) => { throw new WorkbenchError('host/io', `${path} is damaged and cannot be moved aside: ${reasonOf(cause)}`, { cause }) })
        return { state: emptyAgentState(clientUuid), lostTo }
      }
      if (state.client_uuid !== clientUuid) throw new WorkbenchError('input/conflict', `${path} belongs to the screen ${state.client_uuid}`, { hint: 'Give each screen a file of its own with --state' })
      return { state }
    },
    save: async (state) => {
      // One name for all tries, so that a process that is killed over and over leaves one of them.
      const temporary = `${path}.tmp`
      try {
        const file = await open(temporary, 'w', 0o600)
        try { await file.writeFile(`${JSON.stringify(state)}\n`); await file.sync() } finally { await file.close() }
        await rename(temporary, path)
        const folder = await open(dirname(path), 'r')
        try { await folder.sync() } finally { await folder.close() }
      } catch (cause) {
        const full = ['ENOSPC', 'EDQUOT'].includes(errnoOf(cause) ?? '')
        throw new WorkbenchError(full ? 'host/disk-full' : 'host/io', `${path} cannot be written: ${full ? 'the disk is full' : reasonOf(cause)}`, { cause, hint: 'No command is done while its state cannot be kept' })
      }
    },
  }
}

async function bytesOf(path: string): Promise<string | undefined> {
  try {
    await makeFolders(dirname(path), 0o700)
    const { size } = await stat(path)
    return size > mostStateBytes ? '' : await readFile(path, 'utf8')
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw new WorkbenchError('host/io', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'Without it this screen could do a command twice' })
  }
}

function stateIn(text: string): AgentState | undefined {
  try {
    return agentStateSchema.parse(JSON.parse(text))
  } catch {
    // Told by being absent; the file itself is kept aside.
    return undefined
  }
}
