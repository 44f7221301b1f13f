import { beQuietProcess, type QuietWork } from '../../host/quietProcess.ts'
import { isDamage, openIndexFile } from './indexFile.ts'
import { createLineIndexer, type PartToIndex } from './indexLines.ts'

/** To the process that reads the logs into the index. */
export interface IndexRequest {
  /** In order of time. */
  readonly parts: readonly PartToIndex[]
  /** Everything that there is; the rest is forgotten. Only now and then. */
  readonly all?: readonly string[]
}
/** From it: first what was found, then one answer for each request. */
export type IndexAnswer =
  | { readonly kind: 'opened'; readonly wasDamaged: boolean; readonly isNew: boolean }
  | { readonly kind: 'added'; readonly lines: number }
  | { readonly kind: 'failed'; readonly message: string; readonly isDamaged: boolean }

const failed = (error: unknown): IndexAnswer => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error), isDamaged: isDamage(error) })

function openIndex(file: string): QuietWork<IndexRequest, IndexAnswer> {
  const { database, wasDamaged, isNew } = openIndexFile(file)
  const indexer = createLineIndexer(database)
  return {
    hello: { kind: 'opened', wasDamaged, isNew },
    heard: ({ parts, all }) => {
      try {
        if (all) indexer.forgetAllBut(new Set(all))
        return { kind: 'added', lines: indexer.add(parts) }
      } catch (error) {
        return failed(error)
      }
    },
    // The last who closes it brings it into one file.
    close: () => { database.close() },
  }
}

// All consoles are read and drawn meanwhile; whoever looks for the newest has it from the logs themselves.
beQuietProcess<IndexRequest, IndexAnswer>((file) => {
  try {
    return openIndex(file)
  } catch (error) {
    return { hello: failed(error), heard: () => failed(error), close: () => undefined }
  }
})
