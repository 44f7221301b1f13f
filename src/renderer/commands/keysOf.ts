import { type CommandId, commandOf } from '../../shared/commands/commands.ts'
import { keyWords } from '../../shared/commands/keys.ts'
import { platform } from '../ui/platform.ts'

/** The keys of a command, for the title of its button. */
export function keysOf(id: CommandId): string {
  const [first] = commandOf(id)?.keys ?? []
  return first ? keyWords(first, platform) : ''
}
