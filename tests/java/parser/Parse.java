import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.model.Composite;
import ca.uhn.hl7v2.model.Group;
import ca.uhn.hl7v2.model.Primitive;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.model.Type;
import ca.uhn.hl7v2.model.Varies;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.parser.PipeParser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Parses one message a line (its UTF-8 bytes in hexadecimal) with HAPI's pipe parser, generic classes and no
 * validation. Answers each by one line: "refused", or, divided by blanks, the segments' names in order and each value
 * as segment[occurrence]-field[repetition].component.subcomponent=text, the text's UTF-8 bytes in hexadecimal.
 */
public final class Parse {
  private static final HexFormat HEX = HexFormat.of();

  public static void main(String[] arguments) throws Exception {
    HapiContext context = new DefaultHapiContext();
    context.setModelClassFactory(new GenericModelClassFactory());
    context.setValidationContext(ValidationContextFactory.noValidation());
    context.getParserConfiguration().setAllowUnknownVersions(true);
    PipeParser parser = context.getPipeParser();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    StringBuilder out = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String text = new String(HEX.parseHex(line), StandardCharsets.UTF_8);
      try {
        List<String> words = new ArrayList<>();
        group(parser.parse(text), words, new HashMap<>());
        out.append(String.join(" ", words));
      } catch (HL7Exception | RuntimeException refused) {
        out.append("refused");
      }
      out.append('\n');
    }
    System.out.print(out);
  }

  private static void group(
      Group group, List<String> words, Map<String, Integer> occurrences)
      throws HL7Exception {
    for (String name : group.getNames()) {
      for (Structure structure : group.getAll(name)) {
        if (structure instanceof Group) {
          group((Group) structure, words, occurrences);
        } else {
          segment((Segment) structure, words, occurrences);
        }
      }
    }
  }

  private static void segment(
      Segment segment, List<String> words, Map<String, Integer> occurrences)
      throws HL7Exception {
    String name = segment.getName();
    int occurrence = occurrences.merge(name, 1, Integer::sum);
    words.add(name);
    for (int field = 1; field <= segment.numFields(); field++) {
      Type[] repetitions = segment.getField(field);
      for (int repetition = 1; repetition <= repetitions.length; repetition++) {
        String place = name + "[" + occurrence + "]-" + field + "[" + repetition + "]";
        value(repetitions[repetition - 1], place, 2, words);
      }
    }
  }

  /** A value, and the levels of parts that may lie below it. */
  private static void value(Type type, String place, int levels, List<String> words)
      throws HL7Exception {
    if (type instanceof Varies) {
      value(((Varies) type).getData(), place, levels, words);
    } else if (type instanceof Composite) {
      Type[] parts = ((Composite) type).getComponents();
      for (int part = 1; part <= parts.length; part++) {
        value(parts[part - 1], place + "." + part, levels - 1, words);
      }
      extra(type, place, parts.length, levels, words);
    } else {
      String text = ((Primitive) type).getValue();
      if (text != null && !text.isEmpty()) {
        words.add(
            place + ".1".repeat(levels) + "=" + HEX.formatHex(text.getBytes(StandardCharsets.UTF_8)));
      }
      extra(type, place, 1, levels, words);
    }
  }

  private static void extra(Type type, String place, int after, int levels, List<String> words)
      throws HL7Exception {
    for (int part = 0; part < type.getExtraComponents().numComponents(); part++) {
      value(
          type.getExtraComponents().getComponent(part),
          place + "." + (after + part + 1),
          levels - 1,
          words);
    }
  }
}
