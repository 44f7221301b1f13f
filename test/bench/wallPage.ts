import type { Page } from 'playwright-core'

/** What the page sees of itself: frames, its work in each, and when a line of a tile is painted. */
interface Watched { intervals: number[]; work: number[]; latency: number[]; othersLatency: number[]; noted: string }
type WatchedWindow = typeof globalThis & { rackbenchWatched: Watched }

/**
 * Lines begin with the time they were sent. A line has its pixels when its tile shows it or a newer one: of each redrawn tile every 8 ms of
 * what it had not shown before is a sample, so a tile that waits long counts with all that waited. Taken in a task of its own after the
 * frame, when layout and paint of the page are done.
 */
export async function watchWall(page: Page): Promise<void> {
  await page.evaluate(() => {
    const watched: Watched = { intervals: [], work: [], latency: [], othersLatency: [], noted: '' }
    ;(globalThis as WatchedWindow).rackbenchWatched = watched
    const newest = new Map<Element, number>()
    let redrawn = new Set<Element>()
    const wall = document.querySelector('[aria-label="Wall of consoles"]')
    if (!wall) throw new Error('there is no wall')
    new MutationObserver((changes) => {
      for (const { target } of changes) if (target instanceof HTMLElement && target.tagName === 'PRE') redrawn.add(target)
    }).observe(wall, { subtree: true, childList: true })
    const painted = (): void => {
      const nowMs = Date.now() % 100_000_000
      for (const tile of redrawn) {
        const last = [...(tile.textContent ?? '').matchAll(/t=(\d{8})/g)].at(-1)
        if (!last) continue
        const sentMs = Number(last[1])
        const before = newest.get(tile)
        newest.set(tile, sentMs)
        const isFirst = tile.closest('[data-camera]')?.querySelector('b')?.textContent === 'cam-001'
        for (let at = before === undefined ? sentMs : Math.min(before + 8, sentMs); at <= sentMs; at += 8) {
          watched.latency.push(nowMs - at)
          if (!isFirst) watched.othersLatency.push(nowMs - at)
        }
      }
      redrawn = new Set()
    }
    const after = new MessageChannel()
    let frameMs = 0
    after.port1.onmessage = () => { watched.work.push(performance.now() - frameMs); painted() }
    const frame = (atMs: number): void => {
      if (lastMs > 0) watched.intervals.push(atMs - lastMs)
      lastMs = atMs
      frameMs = performance.now()
      after.port2.postMessage(undefined)
      requestAnimationFrame(frame)
    }
    let lastMs = 0
    requestAnimationFrame(frame)
  })
}

export interface WallSeen { readonly intervals: readonly number[]; readonly work: readonly number[]; readonly latency: readonly number[]; readonly othersLatency: readonly number[] }
/** Since it was asked last. */
export async function takeSeen(page: Page): Promise<WallSeen> {
  return page.evaluate(() => {
    const { rackbenchWatched: watched } = globalThis as WatchedWindow
    const seen = { intervals: watched.intervals, work: watched.work, latency: watched.latency, othersLatency: watched.othersLatency }
    Object.assign(watched, { intervals: [], work: [], latency: [], othersLatency: [] })
    return seen
  })
}

/** From the click to the frame after `appears` is in the page. */
export async function clickUntil(page: Page, clicked: string, appears: string): Promise<number> {
  return page.evaluate(async ([from, to]) => {
    const button = document.querySelector<HTMLElement>(from ?? '')
    if (!button) throw new Error(`nothing is ${from ?? ''}`)
    const startedMs = performance.now()
    button.click()
    for (let at = 0; at < 1_000; at += 1) {
      await new Promise((resolve) => { requestAnimationFrame(resolve) })
      if (document.querySelector(to ?? '')) return performance.now() - startedMs
    }
    throw new Error(`never: ${to ?? ''}`)
  }, [clicked, appears])
}
