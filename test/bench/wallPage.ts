import type { Page } from 'playwright-core'

/** Later than this is as bad as this. */
const mostLatencyMs = 10_000

/**
 * Lines begin with the time they were sent. A line has its pixels when its tile shows it or a newer one: of each redrawn tile every 8 ms of
 * what it had not shown before is a sample, so a tile that waits long counts with all that waited. Taken in a task of its own after the
 * frame, when layout and paint of the page are done. Counted by the millisecond: kept one by one they were millions after minutes, and the
 * page's memory was cleared up for them in the frames that are measured. Text, because it runs in the page and is compiled without it.
 */
const watchScript = `(() => {
  const watched = { intervals: [], work: [], latency: new Uint32Array(${String(mostLatencyMs)}), othersLatency: new Uint32Array(${String(mostLatencyMs)}) }
  globalThis.rackbenchWatched = watched
  const wall = document.querySelector('[aria-label="Wall of consoles"]')
  const newest = new Map()
  let redrawn = new Set()
  new MutationObserver((changes) => {
    for (const { target } of changes) if (target.parentNode?.tagName === 'PRE') redrawn.add(target.parentNode)
  }).observe(wall, { subtree: true, characterData: true })
  const painted = () => {
    const nowMs = Date.now() % 100000000
    for (const tile of redrawn) {
      const last = [...tile.textContent.matchAll(/t=(\\d{8})/g)].at(-1)
      if (!last) continue
      const sentMs = Number(last[1])
      const before = newest.get(tile)
      newest.set(tile, sentMs)
      const isFirst = tile.closest('[data-camera]').querySelector('b').textContent === 'cam-001'
      for (let at = before === undefined ? sentMs : Math.min(before + 8, sentMs); at <= sentMs; at += 8) {
        const lateMs = Math.max(0, Math.min(nowMs - at, ${String(mostLatencyMs - 1)}))
        watched.latency[lateMs] += 1
        if (!isFirst) watched.othersLatency[lateMs] += 1
      }
    }
    redrawn = new Set()
  }
  const after = new MessageChannel()
  let frameMs = 0
  let lastMs = 0
  after.port1.onmessage = () => { watched.work.push(performance.now() - frameMs); painted() }
  const frame = (atMs) => {
    if (lastMs > 0) watched.intervals.push(atMs - lastMs)
    lastMs = atMs
    frameMs = performance.now()
    after.port2.postMessage(undefined)
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})()`

/** What the page sees of itself: frames, its work in each, and when a line of a tile is painted. */
export interface WallSeen {
  readonly intervals: readonly number[]
  readonly work: readonly number[]
  /** How many were so many milliseconds late. */
  readonly latency: readonly number[]
  readonly othersLatency: readonly number[]
}

export async function watchWall(page: Page): Promise<void> {
  await page.evaluate(watchScript)
}
/** Since it was asked last. */
export async function takeSeen(page: Page): Promise<WallSeen> {
  return page.evaluate<WallSeen>(`(() => {
    const watched = globalThis.rackbenchWatched
    const seen = { ...watched, latency: [...watched.latency], othersLatency: [...watched.othersLatency] }
    Object.assign(watched, { intervals: [], work: [] })
    watched.latency.fill(0)
    watched.othersLatency.fill(0)
    return seen
  })()`)
}

/** From the click to the frame after `appears` is in the page, by the clock of the page. */
export async function clickUntil(page: Page, clicked: string, appears: string): Promise<number> {
  return page.evaluate<number>(`(async () => {
    const startedMs = performance.now()
    document.querySelector(${JSON.stringify(clicked)}).click()
    for (let frame = 0; frame < 1000; frame += 1) {
      await new Promise((resolve) => { requestAnimationFrame(resolve) })
      if (document.querySelector(${JSON.stringify(appears)})) return performance.now() - startedMs
    }
    throw new Error('it never appeared')
  })()`)
}
const paintedWord = 'rackbench painted'
/**
 * When the first camera of a page is on the screen, in wall time of the page: two frames after it came. The page watches itself; a question
 * from outside whether it is there yet brings its own scripts along, and they took an eighth of a second of the paint they asked about. To be
 * called before the page goes to its address.
 */
export async function watchFirstCamera(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(`new MutationObserver((changes, observer) => {
    if (!document.querySelector('[data-camera]')) return
    observer.disconnect()
    requestAnimationFrame(() => { requestAnimationFrame(() => { console.debug(${JSON.stringify(paintedWord)}, Date.now()) }) })
  }).observe(document, { childList: true, subtree: true })`)
  const said = page.waitForEvent('console', (message) => message.text().startsWith(paintedWord))
  return async () => Number((await said).text().slice(paintedWord.length))
}
/** Frames per second of a page in that time. */
export async function framesOf(page: Page, durationMs: number): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const startedMs = performance.now()
    let frames = 0
    const frame = () => {
      frames += 1
      const tookMs = performance.now() - startedMs
      if (tookMs < ${durationMs}) requestAnimationFrame(frame)
      else resolve(frames / tookMs * 1000)
    }
    requestAnimationFrame(frame)
  })`)
}
