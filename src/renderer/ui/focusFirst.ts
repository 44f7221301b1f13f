/** The first control that can be seen and used. */
export function focusFirst(inside: Element | null | undefined): void {
  const all = [...(inside?.querySelectorAll<HTMLElement>('textarea, input, select, button') ?? [])]
  all.find((element) => !element.matches(':disabled') && element.getClientRects().length > 0)?.focus()
}
