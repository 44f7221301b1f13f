import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type DoorToken, doorTokenSchema, doorTokensFileSchema, maxTokens, type Role } from '../../shared/doors/doors.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { createWholeFile } from '../drivers/storage/wholeFile.ts'

/** Who may come in by the REST door besides the page. The file keeps hashes: who reads it cannot come in with it. */
export interface DoorTokens {
  list(): Promise<readonly DoorToken[]>
  /** The token itself, told this once. `input/conflict` when the name is taken. */
  add(name: string, role: Role): Promise<string>
  /** `input/not-found` */
  remove(name: string): Promise<void>
  /** Read anew each time, so that a token taken away is refused at the next call. */
  find(token: string): Promise<DoorToken | undefined>
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

export function createDoorTokens(dataFolder: string, nowMs: () => number): DoorTokens {
  const path = join(dataFolder, 'door-tokens.json')
  const file = createWholeFile({ path, schema: doorTokensFileSchema, first: { tokens: [] }, hint: 'Move it away and add the tokens again; until then only the page comes in' })
  return {
    list: async () => (await file.read()).tokens,
    add: async (name, role) => {
      const token = `rb_${randomBytes(32).toString('base64url')}`
      const entry = doorTokenSchema.safeParse({ name, role, sha256: hashOf(token), createdAtMs: nowMs() })
      if (!entry.success) throw new WorkbenchError('input/malformed', `A token cannot be called "${name.slice(0, 80)}"`, { hint: 'Small letters, digits, dots and hyphens, at most 63' })
      await file.change(({ tokens }) => {
        if (tokens.some((each) => each.name === name)) throw new WorkbenchError('input/conflict', `There is a token "${name}" already`, { hint: `rackbench token remove ${name} takes it away` })
        if (tokens.length >= maxTokens) throw new WorkbenchError('input/too-large', `There are ${maxTokens} tokens already`, { hint: 'Remove one that nobody uses' })
        return { tokens: [...tokens, entry.data] }
      })
      return token
    },
    remove: async (name) => {
      await file.change(({ tokens }) => {
        if (!tokens.some((each) => each.name === name)) throw new WorkbenchError('input/not-found', `There is no token "${name.slice(0, 80)}"`, { hint: 'rackbench token list shows them' })
        return { tokens: tokens.filter((each) => each.name !== name) }
      })
    },
    // Equal hashes are compared, and a hash tells nobody how near a guess was.
    find: async (token) => { const sha256 = hashOf(token); return (await file.read()).tokens.find((each) => each.sha256 === sha256) },
  }
}
