/** The first control that can be seen and used; without any, the place itself where it takes the focus. */
export function focusFirst(inside: Element | null | undefined): void {
  if (!(inside instanceof HTMLElement)) return
  const all = [...inside.querySelectorAll<HTMLElement>('textarea, input, select, button')]
  const first = all.find((element) => !element.matches(':disabled') && element.getClientRects().length > 0)
  const target = first ?? inside
  target.focus()
}
