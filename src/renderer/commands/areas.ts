const areas = ['nav.rail', '.main', 'aside', '.bench > .foot', '.top'] as const
const reachable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]:not([tabindex="-1"])'

const isShown = (element: HTMLElement): boolean => element.checkVisibility({ visibilityProperty: true })
/** In a list the card that the arrows stand on; elsewhere the first that the Tab key would reach. */
const firstIn = (area: Element): HTMLElement | undefined =>
  [...area.querySelectorAll<HTMLElement>('[data-camera][tabindex="0"], [aria-current]'), ...area.querySelectorAll<HTMLElement>(reachable)].find(isShown)

/** Where the focus goes next, round and round; a terminal keeps the Tab key to itself, so there has to be such a way out. */
export function nextArea(): HTMLElement | undefined {
  const shown = areas.flatMap((selector) => [...document.querySelectorAll(selector)])
  const at = shown.findIndex((area) => area.contains(document.activeElement))
  return shown.map((_, step) => shown[(at + 1 + step) % shown.length]).map((area) => area && firstIn(area)).find((element) => element !== undefined && element !== document.activeElement)
}
