import type { Page } from 'playwright-core'

// As text, because it runs in the page, and the tests do not know a page's own names.
const look = String.raw`(() => {
  const found = []
  const nameOf = (element) => {
    const words = (element.getAttribute('aria-label') ?? element.innerText ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, 40)
    const kind = typeof element.className === 'string' && element.className !== '' ? '.' + element.className.split(/\s+/)[0] : ''
    return element.tagName.toLowerCase() + kind + (words === '' ? '' : ' "' + words + '"')
  }
  // Terminals and lists of lines are made for looking along; a dialog lies above everything.
  const isApart = (element) => element.closest('.xterm, [role="log"], .rows, pre, .sr-only, iframe') !== null
  const top = document.querySelector('dialog[open]') ?? document.body
  for (const element of top.querySelectorAll('button, input:not([type="file"]), select, textarea, a[href], [role="tab"]')) {
    const box = element.getBoundingClientRect()
    if (box.width < 2 || box.height < 2 || isApart(element) || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
    if (element.matches('button, [role="tab"]') && element.scrollWidth > element.clientWidth + 1) found.push(nameOf(element) + ' has no room for its words')
    let canScrollDown = false
    for (let outer = element.parentElement; outer && outer !== document.documentElement; outer = outer.parentElement) {
      const { overflowX, overflowY, position } = getComputedStyle(outer)
      const edge = outer.getBoundingClientRect()
      if (overflowX !== 'visible' && (box.right > edge.right + 1 || box.left < edge.left - 1)) { found.push(nameOf(element) + ' is cut at the side'); break }
      canScrollDown ||= overflowY === 'auto' || overflowY === 'scroll'
      if (overflowY !== 'visible' && !canScrollDown && (box.bottom > edge.bottom + 1 || box.top < edge.top - 1)) { found.push(nameOf(element) + ' is cut below'); break }
      if (position === 'fixed') break
    }
  }
  const scrolls = (element) => { const { overflowY } = getComputedStyle(element); return (overflowY === 'auto' || overflowY === 'scroll') && element.clientHeight > 0 && element.scrollHeight > element.clientHeight + 1 }
  for (const element of top.querySelectorAll('*')) {
    if (element.matches('textarea, pre, select') || element.closest('.xterm, [role="log"]') || !scrolls(element)) continue
    for (let outer = element.parentElement; element !== top && outer && top.contains(outer); outer = outer.parentElement) if (scrolls(outer)) { found.push(nameOf(element) + ' scrolls within ' + nameOf(outer)); break }
  }
  return [...new Set(found)]
})()`

/**
 * Where a person would have to scroll sideways, or could not reach at all: buttons and fields that are cut by what they
 * lie in, and scroll bars within scroll bars.
 */
export async function cutFindings(page: Page): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(look)
}
