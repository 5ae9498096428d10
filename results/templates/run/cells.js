// Operations that share a pixel: a cell of a small picture in which each line is one row, put onto the canvas at once. Tens
// of thousands of rectangles would take longer than a frame has.

function cellsOf(context, lines) {
  const small = document.createElement("canvas"), brush = small.getContext("2d");
  let image = null, cells = null, left = 0, colours = [], dimmed = [];
  return { begin, add, draw };

  // Empties the picture, which is as wide as the view.
  function begin(view, palette, coloursOfFound) {
    left = Math.floor(view.left) - 1;
    const width = Math.max(1, Math.ceil(view.right) - left + 1);
    if (image?.width !== width) {
      small.width = width;
      small.height = Math.max(1, lines.length);
      image = brush.createImageData(width, small.height);
      cells = new Uint32Array(image.data.buffer);
    }
    cells.fill(0);
    colours = coloursOfFound.map((colour) => cellOf(colour, 255));
    dimmed = palette.outcomes.map((colour) => cellOf(colour, 77));
  }

  function add(line, colour, mark, pixel) {
    const at = pixel - left;
    if (at >= 0 && at < image.width) cells[line * image.width + at] = (mark === FOUND ? colours : dimmed)[colour];
  }

  function draw(layout, inset) {
    brush.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    for (let line = 0; line < lines.length; line++) {
      context.drawImage(small, 0, line, image.width, 1, left, layout.line(line) + inset, image.width, layout.height - 2 * inset);
    }
    context.imageSmoothingEnabled = true;
  }

  // A colour of the page's style as four bytes in the memory of a picture, which are red, green, blue and how dense it is.
  function cellOf(colour, density) {
    context.fillStyle = colour;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16));
    return new Uint32Array(new Uint8Array([red, green, blue, density]).buffer)[0];
  }
}
