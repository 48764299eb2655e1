// A first-in-first-out list whose members carry their own links, so that any of them can leave from the middle at once.
//
// A member is in one list at a time; putting it into a second one is a bug of ours and is refused.

/** What a member carries. The list's own; leave it alone. */
export interface Listed {
  list: List<never> | undefined;
  next: Listed | undefined;
  previous: Listed | undefined;
}

export class List<T extends Listed> {
  #head: T | undefined;
  #tail: T | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }
  get first(): T | undefined {
    return this.#head;
  }

  get last(): T | undefined {
    return this.#tail;
  }

  pushBack(member: T): void {
    this.#enter(member);
    member.previous = this.#tail;
    if (this.#tail === undefined) this.#head = member;
    else this.#tail.next = member;
    this.#tail = member;
  }

  pushFront(member: T): void {
    this.#enter(member);
    member.next = this.#head;
    if (this.#head === undefined) this.#tail = member;
    else this.#head.previous = member;
    this.#head = member;
  }

  /**
   * Puts a member where `before` says it belongs in a list that is in order, looking from both ends at once: what belongs near either of
   * them is there soon.
   */
  insert(member: T, before: (other: T) => boolean): void {
    let other = this.#head;
    let last = this.#tail;
    while (other !== undefined && last !== undefined && before(other) && !before(last)) {
      other = other.next as T | undefined;
      last = last.previous as T | undefined;
    }
    // Seen from the back: it comes right behind the last one that is before it.
    if (last === undefined || before(last)) other = last === undefined ? this.#head : (last.next as T | undefined);
    if (other === undefined) return this.pushBack(member);
    if (other.previous === undefined) return this.pushFront(member);
    this.#enter(member);
    member.next = other;
    member.previous = other.previous;
    other.previous.next = member;
    other.previous = member;
  }

  /** Takes a member out; nothing happens when it is not here. */
  remove(member: T): void {
    if ((member.list as unknown) !== this) return;
    const next = member.next as T | undefined;
    const previous = member.previous as T | undefined;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    member.list = undefined;
    member.next = undefined;
    member.previous = undefined;
    this.#length -= 1;
  }

  /** Takes out the first member, undefined when there is none. */
  shift(): T | undefined {
    const head = this.#head;
    if (head !== undefined) this.remove(head);
    return head;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    let member = this.#head;
    while (member !== undefined) {
      const next = member.next as T | undefined;
      yield member;
      member = next;
    }
  }

  #enter(member: T): void {
    if (member.list !== undefined) throw new Error('a member is in one list at a time');
    member.list = this as unknown as List<never>;
    this.#length += 1;
  }
}
