import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { NodeBehaviour } from './nodeBehaviours.ts'
import type { NodeFlash } from './nodeFlash.ts'
import type { NodeHttp } from './nodeHttp.ts'

const latestLimitMs = 10_000
const downloadLimitMs = 30_000
const mostLatestBytes = 4096
export const mostImageBytes = 1500 * 1024

export type CheckEnd =
  | 'nothing' | 'unreadable' | 'not-newer' | 'no-hash' | 'known-bad' | 'no-connection' | 'too-large' | 'wrong-hash' | 'no-image' | 'updated'

export interface NodeCheckDeps {
  readonly clock: Clock
  readonly http: NodeHttp
  readonly flash: NodeFlash
  readonly base: string
  readonly headers: () => Readonly<Record<string, string>>
  readonly behaviours: readonly NodeBehaviour[]
  readonly badSha256: ReadonlySet<string>
  readonly stopRadio: () => void
}

/** Ask, compare, fetch, prove, switch. Every failure leaves what runs as it is. */
export async function checkForUpdate(deps: NodeCheckDeps, signal: AbortSignal): Promise<CheckEnd> {
  const latest = await askLatest(deps, signal)
  if (typeof latest === 'string') return latest
  if (!isNewer(latest.version, deps.flash.version())) return 'not-newer'
  if (latest.sha256 === undefined) return 'no-hash'
  if (deps.badSha256.has(latest.sha256)) return 'known-bad'
  deps.stopRadio()
  return download(deps, latest.sha256, signal)
}

/** Not a parser: it looks for bytes, as the firmware does. */
async function askLatest({ clock, http, base, headers }: NodeCheckDeps, signal: AbortSignal): Promise<{ readonly version: string; readonly sha256: string | undefined } | CheckEnd> {
  let text = ''
  let isReadable = false
  let wanted = 0
  try {
    await withDeadline(clock, latestLimitMs, 'asking for the newest firmware', signal, async (within) => http({
      url: `${base}/latest`, headers: headers(),
      onHead: ({ status, lengthBytes = 0 }) => { isReadable = status === 200 && lengthBytes >= 1 && lengthBytes <= mostLatestBytes; wanted = lengthBytes; return isReadable },
      onPiece: (piece) => { text += new TextDecoder('latin1').decode(piece); return text.length <= mostLatestBytes },
    }, within))
  } catch (error) {
    if (signal.aborted) throw error
    return 'no-connection'
  }
  if (!isReadable || text.length !== wanted) return 'unreadable'
  if (!text.includes('"available":true')) return 'nothing'
  const version = /"version":"([^"]{1,31})"/.exec(text)?.[1]
  return version === undefined ? 'unreadable' : { version, sha256: /"sha256":"([0-9a-f]{64})"/.exec(text)?.[1] }
}

async function download({ clock, http, base, headers, flash, behaviours }: NodeCheckDeps, sha256: string, signal: AbortSignal): Promise<CheckEnd> {
  const writer = flash.begin()
  let at = 0
  let length = 0
  let isCut = false
  try {
    await withDeadline(clock, downloadLimitMs, 'fetching firmware', signal, async (within) => http({
      url: `${base}/download`, headers: headers(),
      onHead: ({ status, lengthBytes = 0 }) => { length = status === 200 ? lengthBytes : 0; return length > 0 && length <= mostImageBytes },
      onPiece: (piece) => {
        const arrived = behaviours.map((each) => each.onDownload?.(piece, at)).find((each) => each !== undefined) ?? piece
        if (arrived === 'cut') { isCut = true; return false }
        at += piece.length
        writer.write(arrived)
        return true
      },
    }, within))
  } catch (error) {
    writer.abort()
    if (signal.aborted) throw error
    return 'no-connection'
  }
  const end: CheckEnd = isCut || length === 0 ? 'no-connection' : length > mostImageBytes ? 'too-large' : writer.sha256() !== sha256 ? 'wrong-hash' : writer.end() ? 'updated' : 'no-image'
  if (end !== 'updated') writer.abort()
  return end
}

/** Three numbers where both have them, whatever follows; letter by letter elsewhere. */
export function isNewer(offered: string, running: string): boolean {
  const numbers = (text: string): number[] | undefined => /^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number)
  const [a, b] = [numbers(offered), numbers(running)]
  if (!a || !b) return offered > running
  const differs = a.findIndex((part, index) => part !== b[index])
  return differs >= 0 && (a[differs] ?? 0) > (b[differs] ?? 0)
}
