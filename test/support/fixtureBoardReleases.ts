import { implement, ORPCError } from '@orpc/server'
import { boardReleasesContract } from '../../src/shared/contracts/boardReleases.contract.ts'
import { toWire, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { BoardReleasesView, BoardReleaseView } from '../../src/shared/ota/boardReleases.schema.ts'

type Stream = <T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined) => AsyncGenerator<T, void>

export interface FixtureBoardReleases {
  view(): BoardReleasesView
  change(how: (view: BoardReleasesView) => BoardReleasesView): void
}

const refusal = (message: string): Error => new ORPCError('WORKBENCH', { status: 500, message, data: toWire(new WorkbenchError('input/not-found', message)) })
const hour = 3_600_000
const firstView = (nowMs: number, isNew: boolean): BoardReleasesView => ({
  mirror: { enabled: !isNew, address: '127.0.0.1', port: 8090, state: isNew ? 'closed' : 'open', ...(isNew ? {} : { url: 'http://127.0.0.1:8090' }) },
  releases: isNew ? [] : [
    { version: 'v1.2.0', builtAtMs: nowMs - hour, signed: true, files: 18, totalBytes: 61_204 },
    { version: 'v1.1.0', builtAtMs: nowMs - 30 * hour, signed: true, files: 17, totalBytes: 58_811, publishedAtMs: nowMs - 29 * hour, deltas: { from: 'v1.0.0', files: 6, newBytes: 41_300, deltaBytes: 5_120 } },
    { version: 'v1.0.0', builtAtMs: nowMs - 200 * hour, signed: false, files: 12, totalBytes: 40_018, publishedAtMs: nowMs - 190 * hour },
  ],
  ...(isNew ? {} : { offered: 'v1.1.0' }), usedBytes: isNew ? 0 : 131_804, quotaBytes: 512 * 1024 * 1024,
})

/** Three releases of boards, two of them published; or none. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function createFixtureBoardReleases(stream: Stream, calls: string[], nowMs: () => number, isNew: boolean) {
  const contract = implement(boardReleasesContract)
  let view = firstView(nowMs(), isNew)
  const listeners = new Set<(view: BoardReleasesView) => void>()
  const told: FixtureBoardReleases = { view: () => view, change: (how) => { view = how(view); for (const each of listeners) each(view) } }
  const one = (version: string): BoardReleaseView => {
    const found = view.releases.find((each) => each.version === version)
    if (!found) throw refusal(`There is no release ${version}`)
    return found
  }
  const set = (release: BoardReleaseView): BoardReleaseView => {
    const releases = [release, ...view.releases.filter(({ version }) => version !== release.version)].sort((a, b) => b.version.localeCompare(a.version))
    const { offered: _offered, ...rest } = view
    const offered = releases.find(({ publishedAtMs }) => publishedAtMs !== undefined)?.version
    told.change(() => ({ ...rest, releases, ...(offered === undefined ? {} : { offered }) }))
    return release
  }
  const routes = {
    watch: contract.watch.handler(({ signal }) => stream([view], (tell) => { listeners.add(tell); return () => { listeners.delete(tell) } }, signal)),
    look: contract.look.handler(({ input }) => {
      if (input.folder === '/nowhere') throw refusal('The folder /nowhere cannot be read')
      return { count: 3, passedOver: input.exclude.length > 0 ? 2 : 1, paths: ['lib/a.py', 'main.py', 'ota.py'] }
    }),
    build: contract.build.handler(({ input }) => {
      calls.push(`release build ${input.folder} ${input.version} +${input.include.join(',')} -${input.exclude.join(',')} ${input.keyPath ?? 'unsigned'} ${input.postUpdate ?? ''}`.trim())
      return set({ version: input.version, builtAtMs: nowMs(), signed: input.keyPath !== undefined, files: 3, totalBytes: 4_096 })
    }),
    delta: contract.delta.handler(({ input }) => { calls.push(`release delta ${input.version} ${input.from}`); return set({ ...one(input.version), deltas: { from: input.from, files: 4, newBytes: 20_000, deltaBytes: 2_000 } }) }),
    publish: contract.publish.handler(({ input }) => { calls.push(`release publish ${input.version}`); return set({ ...one(input.version), publishedAtMs: nowMs() }) }),
    withdraw: contract.withdraw.handler(({ input }) => { calls.push(`release withdraw ${input.version}`); const { publishedAtMs: _before, ...rest } = one(input.version); return set(rest) }),
    remove: contract.remove.handler(({ input }) => { calls.push(`release remove ${input.version}`); told.change((before) => ({ ...before, releases: before.releases.filter(({ version }) => version !== input.version) })); return { freedBytes: 1 } }),
    setMirror: contract.setMirror.handler(({ input }) => {
      calls.push(`release mirror ${input.enabled ? 'open' : 'closed'} ${input.address}:${String(input.port)}`)
      const mirror = { ...input, state: input.enabled ? 'open' as const : 'closed' as const, ...(input.enabled ? { url: `http://${input.address}:${String(input.port)}` } : {}) }
      told.change((before) => ({ ...before, mirror }))
      return mirror
    }),
  }
  return { routes, told }
}
